//! The lab: its hosts, joined and with their servers running.

use crate::engine::Engine;
use crate::leg::Leg;
use crate::link::{self, End};
use crate::name::LabName;
use crate::scenario::Device;
use crate::servers::{Running, Servers};
use crate::sweep::sweep_lab;
use crate::vpn::Gateway;
use crate::wire;
use crate::world::{CA_FILE, CONTROL, HUB_IPV6, HUB_NAME, RESOLVER};
use crate::{Host, Line, Process, Result, Topology};

/// Makes the machine's engine, which the lab itself needs, not installed on this device.
const REMOVE_ENGINE: &str = "mkdir /run/lab/usr /run/lab/usr.work
    mount -t overlay -o lowerdir=/usr,upperdir=/run/lab/usr,workdir=/run/lab/usr.work lab /usr
    for tool in docker dockerd containerd runc podman; do rm -f $(command -v $tool); done
    rm -f /usr/lib/systemd/system/docker.*";

/// A built lab; dropping it removes all of it, also while a panic unwinds.
#[derive(Debug)]
pub struct Lab {
    name: LabName,
    topology: Topology,
    // Fields are dropped in this order: what runs in a host before the host.
    processes: Vec<Process>,
    engine: Option<Engine>,
    servers: Option<Running>,
    pub(crate) vpn: Option<Gateway>,
    device: Host,
    router: Host,
    internet: Host,
}

impl Lab {
    /// Builds a lab whose internet is served by `servers`.
    pub fn build(topology: Topology, servers: &dyn Servers) -> Result<Self> {
        let name = LabName::new();
        let mut lab = Self {
            name,
            topology,
            processes: Vec::new(),
            engine: None,
            servers: None,
            vpn: None,
            device: Host::boot(name, "device")?,
            router: Host::boot(name, "router")?,
            internet: Host::boot(name, "internet")?,
        };
        lab.lay_network()?;
        lab.describe_device();
        lab.start_servers(servers)?;
        lab.start_runtime()?;
        Ok(lab)
    }

    /// The IoT Edge device.
    pub fn device(&self) -> &Host {
        &self.device
    }

    /// The router between the device and the internet; its interfaces are lan0, lan1 and wan0.
    pub fn router(&self) -> &Host {
        &self.router
    }

    /// The internet, with the hub, the name server and the control.
    pub fn internet(&self) -> &Host {
        &self.internet
    }

    /// The engine, when the device has one.
    pub fn engine(&self) -> Option<&Engine> {
        self.engine.as_ref()
    }

    /// What the lab was built from.
    pub fn topology(&self) -> &Topology {
        &self.topology
    }

    /// Runs a script on the device, the usual way to break something.
    ///
    /// It knows `$UPLINK`, `$GATEWAY`, `$HUB`, `$HUB_NAME`, `$HUB_IPV6`, and with an engine
    /// `$BRIDGE`, `$SUBNET` and `$BRIDGE_ADDRESS` of the edge network.
    pub fn sh(&self, script: &str) -> Result<()> {
        self.device.sh(script).map(drop)
    }

    /// Starts a program on the router that runs as long as the lab, and waits until it prints a
    /// line with `ready` in it.
    pub fn serve_on_router(&mut self, words: &[&str], ready: &str) -> Result<()> {
        let process = self.router.spawn_ready(words, ready)?;
        self.processes.push(process);
        Ok(())
    }

    /// As [`Lab::serve_on_router`], on the device itself.
    pub fn serve_on_device(&mut self, words: &[&str], ready: &str) -> Result<()> {
        let process = self.device.spawn_ready(words, ready)?;
        self.processes.push(process);
        Ok(())
    }

    /// As [`Lab::serve_on_router`], on the internet.
    pub(crate) fn serve_on_internet(&mut self, words: &[&str], ready: &str) -> Result<()> {
        let process = self.internet.spawn_ready(words, ready)?;
        self.processes.push(process);
        Ok(())
    }

    /// Makes a variable known to every later command on the device.
    pub(crate) fn set(&mut self, name: &str, value: &str) {
        self.device.set(name, value);
    }

    /// Borrows an address on the edge network's bridge.
    pub fn leg(&self) -> Result<Leg> {
        Leg::attach(&self.device, self.device.variable("BRIDGE").unwrap_or("docker0"))
    }

    /// Boots one more host of this lab.
    pub(crate) fn boot(&self, role: &str) -> Result<Host> {
        Host::boot(self.name, role)
    }

    fn lay_network(&self) -> Result<()> {
        let Self { device, router, internet, topology, .. } = self;
        let end = |host, interface, address| End { host, interface, address };
        link::join(end(device, "eth0", "192.168.1.50/24"), end(router, "lan0", "192.168.1.1/24"))?;
        if topology.second_uplink {
            let second = end(device, "eth1", "192.168.8.50/24");
            link::join(second, end(router, "lan1", "192.168.8.1/24"))?;
        }
        let wan = end(router, "wan0", "62.4.16.2/24");
        let provider = end(internet, "isp0", "62.4.16.1/24");
        if topology.round_trip.is_zero() && topology.line == Line::GOOD {
            link::join(wan, provider)?;
        } else {
            wire::join(wan, provider, topology.round_trip / 2, topology.line)?;
        }
        // As at home: what the router translates is its own network, and nothing else has a way back.
        router.sh("sysctl -qw net.ipv4.ip_forward=1
            ip route add default via 62.4.16.1
            iptables -t nat -A POSTROUTING -s 192.168.0.0/16 -o wan0 -j MASQUERADE")?;
        let hub = topology.hub;
        internet.sh(&format!(
            "sysctl -qw net.ipv4.ip_forward=1
             for address in {hub} {RESOLVER} {CONTROL}; do ip addr add $address/32 dev lo; done"
        ))?;
        device.sh(
            "for each in all default eth0; do sysctl -qw net.ipv4.conf.$each.rp_filter=0; done
            ip route add default via 192.168.1.1 dev eth0",
        )?;
        device.write("/etc/resolv.conf", topology.resolv_conf)?;
        device.write("/etc/hosts", "127.0.0.1 localhost\n")
    }

    fn describe_device(&mut self) {
        self.device.set("UPLINK", "eth0");
        self.device.set("GATEWAY", "192.168.1.1");
        self.device.set("HUB", &self.topology.hub.to_string());
        self.device.set("HUB_NAME", HUB_NAME);
        self.device.set("HUB_IPV6", &HUB_IPV6.to_string());
    }

    fn start_servers(&mut self, servers: &dyn Servers) -> Result<()> {
        let running = servers.start(&self.internet, &self.topology)?;
        self.device.write(CA_FILE, running.authority())?;
        self.servers = Some(running);
        Ok(())
    }

    fn start_runtime(&mut self) -> Result<()> {
        let device = self.topology.device;
        if device == Device::Bare {
            return self.sh(REMOVE_ENGINE);
        }
        let engine = Engine::start(&self.device, &self.name.to_string(), &self.topology)?;
        if device == Device::Engine {
            self.describe_bridge("docker0")?;
        } else {
            let bridge = engine.create_network()?;
            self.describe_bridge(&bridge)?;
            engine.run_edge_agent()?;
            if device == Device::Runtime {
                engine.run_edge_hub()?;
            }
        }
        self.engine = Some(engine);
        Ok(())
    }

    fn describe_bridge(&mut self, bridge: &str) -> Result<()> {
        let script = format!("ip -4 -o addr show dev {bridge} | awk '{{print $4}}'");
        let address = self.device.sh(&script)?;
        let address = address.split('/').next().unwrap_or_default();
        let network = address.trim_end_matches(".0.1");
        self.device.set("BRIDGE", bridge);
        self.device.set("BRIDGE_ADDRESS", address);
        self.device.set("SUBNET", &format!("{network}.0.0/16"));
        Ok(())
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        // The control groups can go only when nothing runs in them any more.
        self.processes.clear();
        self.engine = None;
        self.device.shut_down();
        sweep_lab(self.name);
    }
}

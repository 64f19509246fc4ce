//! A company's VPN: a gateway, a tunnel to it, and what the usual clients do to the routes.

use std::time::Duration;

use crate::link::{self, End};
use crate::wire::{self, DeadEnd};
use crate::world::{COMPANY_SERVER, DEVICE};
use crate::{Host, Lab, Line, Result};

/// Whose packets a tunnel carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Carries {
    /// Everything that is sent into it: the client lets the engine's masquerade do its work.
    Everything,
    /// The device's own packets only: the client exempts its tunnel from translation, and the
    /// gateway drops sources that it has not assigned, as OpenVPN and WireGuard do.
    HostOnly,
    /// Nothing: the other side is dead.
    Nothing,
}

/// A tunnel as one of the usual VPN clients makes it.
#[derive(Debug, Clone, Copy)]
pub struct Tunnel {
    interface: &'static str,
    client: &'static str,
    gateway: &'static str,
    mtu: u16,
    device: TunnelDevice,
}

/// What the kernel knows a tunnel's interface for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum TunnelDevice {
    /// A tun device, with the tunnel's program (here: the lab) behind it.
    Tun,
    /// A virtual Ethernet pair, for kernels without the wireguard module.
    Veth,
}

impl Tunnel {
    /// OpenVPN's.
    pub const OPENVPN: Self = Self {
        interface: "tun0",
        client: "10.8.0.6/24",
        gateway: "10.8.0.1/24",
        mtu: 1500,
        device: TunnelDevice::Tun,
    };
    /// WireGuard's, as wg-quick brings it up.
    pub const WIREGUARD: Self =
        Self { interface: "wg0", mtu: 1420, device: TunnelDevice::Veth, ..Self::OPENVPN };
    /// Tailscale's.
    pub const TAILSCALE: Self = Self {
        interface: "tailscale0",
        client: "100.101.102.103/32",
        gateway: "100.64.0.1/10",
        mtu: 1280,
        device: TunnelDevice::Tun,
    };
}

/// OpenVPN's `redirect-gateway def1`: two routes that win against any default route.
pub(crate) const DEF1: &str = "ip route add 62.4.17.2/32 via $GATEWAY dev $UPLINK
    ip route add 0.0.0.0/1 dev tun0
    ip route add 128.0.0.0/1 dev tun0";

/// What `wg-quick up` does for `AllowedIPs = 0.0.0.0/0`.
pub(crate) const WG_QUICK: &str = "sysctl -qw net.ipv4.conf.all.src_valid_mark=1
    ip route add default dev wg0 table 51820
    ip rule add not fwmark 51820 table 51820
    ip rule add table main suppress_prefixlength 0";

/// What Tailscale does when an exit node is in use, without access to the local network.
pub(crate) const EXIT_NODE: &str = "ip route add default dev tailscale0 table 52
    ip route add 100.100.100.100 dev tailscale0 table 52
    ip rule add pref 5210 fwmark 0x80000/0xff0000 lookup main
    ip rule add pref 5230 fwmark 0x80000/0xff0000 lookup default
    ip rule add pref 5250 fwmark 0x80000/0xff0000 type unreachable
    ip rule add pref 5270 lookup 52";

/// A split tunnel: the company's network, and nothing else.
pub(crate) const SPLIT: &str = "ip route add 10.20.0.0/16 dev tun0";

/// The far side of a tunnel.
#[derive(Debug)]
pub(crate) enum Gateway {
    Alive(#[expect(dead_code, reason = "held: its drop ends it")] Host),
    Dead(#[expect(dead_code, reason = "held: its drop ends it")] DeadEnd),
}

impl Lab {
    /// Brings up `tunnel`, without any route into it, and then runs `routes` on the device.
    pub fn connect_vpn(&mut self, tunnel: Tunnel, carries: Carries, routes: &str) -> Result<()> {
        let Tunnel { interface, mtu, .. } = tunnel;
        let gateway = if carries == Carries::Nothing {
            let end = End { host: self.device(), interface, address: tunnel.client };
            Gateway::Dead(wire::dead_end(end)?)
        } else {
            Gateway::Alive(self.gateway(tunnel, carries)?)
        };
        self.sh(&format!("ip link set {interface} mtu {mtu}"))?;
        if carries == Carries::HostOnly {
            self.sh(&format!("iptables -t nat -I POSTROUTING -o {interface} -j ACCEPT"))?;
        }
        self.vpn = Some(gateway);
        self.sh(routes)
    }

    fn gateway(&self, tunnel: Tunnel, carries: Carries) -> Result<Host> {
        let Tunnel { interface, client, .. } = tunnel;
        let gateway = self.boot("vpn")?;
        let end = |host, interface, address| End { host, interface, address };
        let provider = end(self.internet(), "isp1", "62.4.17.1/24");
        link::join(end(&gateway, "eth0", "62.4.17.2/24"), provider)?;
        let near = end(self.device(), interface, client);
        let far = end(&gateway, interface, tunnel.gateway);
        match tunnel.device {
            TunnelDevice::Tun => wire::join(near, far, Duration::ZERO, Line::GOOD)?,
            TunnelDevice::Veth => link::join(near, far)?,
        }
        // A pair asks by ARP for what a tunnel would just take: the gateway answers for everyone.
        gateway.sh(&format!(
            "sysctl -qw net.ipv4.ip_forward=1 net.ipv4.conf.{interface}.proxy_arp=1
             sysctl -qw net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.{interface}.rp_filter=0
             ip addr add {COMPANY_SERVER}/32 dev lo
             ip route add default via 62.4.17.1
             ip route add {DEVICE} dev {interface}
             iptables -t nat -A POSTROUTING -o eth0 -j MASQUERADE"
        ))?;
        if carries == Carries::HostOnly {
            let assigned = client.split('/').next().unwrap_or(client);
            gateway.sh(&format!("iptables -A FORWARD -i {interface} ! -s {assigned} -j DROP"))?;
        }
        Ok(gateway)
    }
}

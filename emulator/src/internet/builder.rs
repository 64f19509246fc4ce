//! From a scenario to what runs.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use tokio::net::TcpListener;
use tokio_rustls::rustls::pki_types::ServerName;

use super::trust::{SKEW, Trust};
use super::wiring::{Path, Wiring};
use super::{
    ControlHost, Fault, Internet, Layout, Plan, Ports, Running, Scenario, StartError, plan,
};
use crate::dns::{Answer, NameServer, Zone};
use crate::http::Clock;
use crate::hub::{EarlyConnects, Hub, Upgrades};
use crate::middlebox::{Interceptor, NameFilter, SlowLine};
use crate::service::Service;
use crate::silence::{SilentPort, serve_mute};
use crate::strangers::{Page, Website, serve_amqp_broker, serve_mqtt_broker};

/// Half a round trip under [`Fault::HighLatency`]: as long as by a geostationary satellite.
const ONE_WAY: Duration = Duration::from_millis(300);
/// Between the hub's name and its address stands a name of the cloud's, as in the world.
const HUB_ALIAS: &str = "ihsuprod-emulated-001.emulated.cloudapp.example";

pub(super) struct Builder {
    scenario: Scenario,
    trust: Trust,
    hub: Hub,
    clock: Clock,
    running: Vec<Running>,
}

/// A service in its right place.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Role {
    Amqp,
    Web,
    Mqtt,
    Control,
}

impl Role {
    fn what(self) -> &'static str {
        match self {
            Self::Amqp => "the hub's AMQP service",
            Self::Web => "the hub's web service",
            Self::Mqtt => "the hub's MQTT service",
            Self::Control => "the control host",
        }
    }
}

impl Builder {
    pub(super) fn new(scenario: Scenario) -> Result<Self, StartError> {
        for name in [&scenario.hub, &scenario.control] {
            if !is_host_name(name) {
                return Err(StartError::Name { name: name.clone() });
            }
        }
        let fault = scenario.fault;
        let trust = Trust::new(&scenario.hub, &scenario.control, fault)?;
        let clock = match fault {
            Some(Fault::ClockSkew) => Clock { ahead: SKEW },
            _ => Clock::default(),
        };
        let upgrades = match fault {
            Some(Fault::WebsocketBlocked) => Upgrades::Refused,
            _ => Upgrades::Served,
        };
        let early_connects = match fault {
            Some(Fault::EdgeHubMqttDefect) => EarlyConnects::Lost,
            _ => EarlyConnects::Answered,
        };
        let hub = Hub::new(&trust.hub)?
            .with_upgrades(upgrades)
            .with_early_connects(early_connects)
            .with_clock(clock);
        Ok(Self { scenario, trust, hub, clock, running: Vec::new() })
    }

    pub(super) async fn build(mut self) -> Result<Internet, StartError> {
        let plan = self.scenario.plan;
        let wiring = Wiring::from_fault(self.scenario.fault);
        let at_hub = |port| SocketAddr::new(plan.hub, port);
        let amqp = self.place(Role::Amqp, wiring.amqp, at_hub(plan.ports.amqp)).await?;
        let web = self.place(Role::Web, wiring.web, at_hub(plan.ports.web)).await?;
        let mqtt = self.place(Role::Mqtt, wiring.mqtt, at_hub(plan.ports.mqtt)).await?;
        let control = self.place(Role::Control, wiring.control, plan.control).await?;
        let ports = Ports { amqp: amqp.port(), web: web.port(), mqtt: mqtt.port() };

        match self.scenario.fault {
            Some(Fault::DnsHijack) => self.block_pages(&plan, ports, control).await?,
            Some(Fault::Ipv6Broken) => self.silent_ipv6(&plan, ports).await?,
            _ => {}
        }
        let edge_hub = self.edge_hub(&plan).await?;
        let resolver = self.name_server(&plan).await?;

        let layout = Layout {
            resolver,
            hub: self.scenario.hub,
            hub_address: plan.hub,
            ports,
            control: ControlHost { name: self.scenario.control, address: control },
            device_roots: self.trust.device.der,
            device_roots_pem: self.trust.device.pem,
            public_roots: self.trust.public.der,
            public_roots_pem: self.trust.public.pem,
            interceptor_root_pem: self.trust.interceptor_pem,
            edge_hub,
        };
        Ok(Internet { layout, running: self.running })
    }

    /// Serves a role at an address, by the path that leads there; says the address with its port.
    async fn place(
        &mut self,
        role: Role,
        path: Path,
        address: SocketAddr,
    ) -> Result<SocketAddr, StartError> {
        let failed = |source| StartError::Bind { what: role.what(), address, source };
        match path {
            Path::Dropped => {
                let port = SilentPort::bind(address).await.map_err(failed)?;
                let address = port.address();
                self.running.push(Running::SilentPort(port));
                Ok(address)
            }
            Path::Clear => {
                let listener = TcpListener::bind(address).await.map_err(failed)?;
                let service = self.genuine(role, listener).map_err(failed)?;
                Ok(self.keep(service))
            }
            Path::Portal => {
                let portal = Website::new(&self.trust.portal, Page::Portal)?;
                let listener = TcpListener::bind(address).await.map_err(failed)?;
                let service = portal.serve(listener).map_err(failed)?;
                Ok(self.keep(service))
            }
            Path::Intercepted | Path::Filtered | Path::Slow => {
                let listener = TcpListener::bind(address).await.map_err(failed)?;
                let upstream = self.behind(role).await?;
                let service = self.middlebox(role, path, listener, upstream)?;
                Ok(self.keep(service.map_err(failed)?))
            }
        }
    }

    /// The genuine service of a role.
    fn genuine(&self, role: Role, listener: TcpListener) -> io::Result<Service> {
        if self.scenario.fault == Some(Fault::NotIotHub) && role != Role::Control {
            return self.impostor(role, listener);
        }
        match role {
            Role::Amqp => self.hub.serve_amqp(listener),
            Role::Web => self.hub.serve_web(listener),
            Role::Mqtt => self.hub.serve_mqtt(listener),
            Role::Control => Website::new(&self.trust.control, Page::Registry)
                .map_err(io::Error::other)?
                .with_clock(self.clock)
                .serve(listener),
        }
    }

    /// What stands in the hub's place with a certificate that is right, and is no hub.
    fn impostor(&self, role: Role, listener: TcpListener) -> io::Result<Service> {
        match role {
            Role::Amqp => serve_amqp_broker(listener, &self.trust.hub),
            Role::Mqtt => serve_mqtt_broker(listener, &self.trust.hub),
            Role::Web | Role::Control => Website::new(&self.trust.hub, Page::Homepage)
                .map_err(io::Error::other)?
                .serve(listener),
        }
    }

    /// Serves a role where only a middlebox finds it.
    async fn behind(&mut self, role: Role) -> Result<SocketAddr, StartError> {
        let address = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0);
        let failed = |source| StartError::Bind { what: role.what(), address, source };
        let listener = TcpListener::bind(address).await.map_err(failed)?;
        let service = self.genuine(role, listener).map_err(failed)?;
        Ok(self.keep(service))
    }

    fn middlebox(
        &self,
        role: Role,
        path: Path,
        listener: TcpListener,
        upstream: SocketAddr,
    ) -> Result<io::Result<Service>, StartError> {
        let blocked = self.scenario.hub.clone();
        Ok(match path {
            Path::Filtered => NameFilter { blocked, upstream }.serve(listener),
            Path::Slow => SlowLine { one_way: ONE_WAY, upstream }.serve(listener),
            _ => {
                let name = match role {
                    Role::Control => &self.scenario.control,
                    Role::Amqp | Role::Web | Role::Mqtt => &self.scenario.hub,
                };
                let server_name = ServerName::try_from(name.clone())
                    .map_err(|_| StartError::Name { name: name.clone() })?;
                let roots = &self.trust.public.der;
                Interceptor::new(&self.trust.intercepted, upstream, server_name, roots)?
                    .serve(listener)
            }
        })
    }

    /// A filter's page at the address to which the hub's name is led astray, on the hub's ports.
    async fn block_pages(
        &mut self,
        plan: &Plan,
        ports: Ports,
        control: SocketAddr,
    ) -> Result<(), StartError> {
        let page = Website::new(&self.trust.block_page, Page::BlockPage)?;
        for port in [ports.amqp, ports.web, ports.mqtt] {
            let address = SocketAddr::new(plan.sinkhole, port);
            // A name may as well be led to a web server that is there already.
            if address == control {
                continue;
            }
            let failed = |source| StartError::Bind { what: "the block page", address, source };
            let listener = TcpListener::bind(address).await.map_err(failed)?;
            let service = page.clone().serve(listener).map_err(failed)?;
            self.keep(service);
        }
        Ok(())
    }

    /// Silent ports at the IPv6 address that the name server offers.
    async fn silent_ipv6(&mut self, plan: &Plan, ports: Ports) -> Result<(), StartError> {
        for port in [ports.amqp, ports.web, ports.mqtt] {
            let address = SocketAddr::new(plan.broken_ipv6.into(), port);
            match SilentPort::bind(address).await {
                Ok(port) => self.running.push(Running::SilentPort(port)),
                Err(source) if source.kind() == io::ErrorKind::AddrInUse => {
                    let what = "a silent IPv6 port";
                    return Err(StartError::Bind { what, address, source });
                }
                // Not an address of this machine, or no IPv6 at all: it is broken by itself.
                Err(_) => {}
            }
        }
        Ok(())
    }

    /// Chooses the ports that Edge Hub would map, and takes one of them if that is the fault.
    async fn edge_hub(&mut self, plan: &Plan) -> Result<Ports, StartError> {
        let ports = match plan.edge_hub {
            Some(ports) => ports,
            None => plan::free_ports().map_err(StartError::EdgeHubPorts)?,
        };
        if self.scenario.fault == Some(Fault::PortInUse) {
            let address = SocketAddr::new(Ipv4Addr::UNSPECIFIED.into(), ports.web);
            let what = "the process on Edge Hub's port";
            let failed = |source| StartError::Bind { what, address, source };
            let listener = TcpListener::bind(address).await.map_err(failed)?;
            let service = serve_mute(listener).map_err(failed)?;
            self.keep(service);
        }
        Ok(ports)
    }

    async fn name_server(&mut self, plan: &Plan) -> Result<SocketAddr, StartError> {
        let address = plan.resolver;
        let failed = |source| StartError::Bind { what: "the name server", address, source };
        let server = NameServer::start(address, self.zone(plan)).await.map_err(failed)?;
        let address = server.address();
        self.running.push(Running::NameServer(server));
        Ok(address)
    }

    fn zone(&self, plan: &Plan) -> Zone {
        let fault = self.scenario.fault;
        if fault == Some(Fault::DnsHostFailure) {
            return Zone::always(Answer::Silence);
        }
        let control = Answer::Addresses(vec![plan.control.ip()]);
        let zone = Zone::default().with(&self.scenario.control, control);
        let hub = &self.scenario.hub;
        match fault {
            Some(Fault::HubNameUnknown) => zone,
            Some(Fault::DnsHijack) => zone.with(hub, Answer::Addresses(vec![plan.sinkhole])),
            Some(Fault::Ipv6Broken) => {
                let addresses = vec![plan.broken_ipv6.into(), plan.hub];
                zone.with(hub, Answer::Addresses(addresses))
            }
            _ => zone
                .with(hub, Answer::Alias(HUB_ALIAS.to_owned()))
                .with(HUB_ALIAS, Answer::Addresses(vec![plan.hub])),
        }
    }

    fn keep(&mut self, service: Service) -> SocketAddr {
        let address = service.address();
        self.running.push(Running::Service(service));
        address
    }
}

/// RFC 1123, section 2.1, in at most 253 characters.
fn is_host_name(name: &str) -> bool {
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    name.len() <= 253 && name.split('.').all(is_label)
}

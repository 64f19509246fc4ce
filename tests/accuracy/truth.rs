//! How the runtime itself would fare in a world: what a verdict is held against.

use std::net::IpAddr;

use edgeprobe::verdict::Status;
use edgeprobe_facts::endpoint::{Transport, Via};
use edgeprobe_facts::engine::{ASKED_UP_TO_1_5, AddressPool};
use edgeprobe_facts::route::tables::MAIN_TABLE;
use edgeprobe_facts::runtime::Part;
use ipnet::IpNet;

use crate::simulate::{Start, module};
use crate::world::{Engine, Holder, Middlebox, World};

/// A token lasts an hour, so that one from further behind has ended before it is read.
const TOKEN_LIFETIME_S: f64 = 3600.0;

/// The longest host name that the runtime takes.
const LONGEST_NAME: usize = 64;

impl World {
    /// The status that a run that could see everything would have to give.
    pub(crate) fn truth(&self) -> Status {
        let runs_modules = |engine: &Engine| {
            engine.answers && (!self.services.configured || engine.accepts(ASKED_UP_TO_1_5))
        };
        let engine_works = self.engine.as_ref().is_none_or(runs_modules);
        let stranger = |(_, holder): &(u16, Holder)| *holder != Holder::EdgeHub;
        if !engine_works
            || self.engine.as_ref().is_some_and(|engine| self.has_no_pool_left(engine))
            || self.ports.held.iter().any(stranger)
            || !self.ports.refused.is_empty()
            || self.clock_ahead_s < -TOKEN_LIFETIME_S
        {
            return Status::Blocked;
        }
        let runs = self.edge().is_some_and(|network| !network.residents.is_empty());
        if self.services.configured
            && (!self.serves_its_image()
                || (!runs && !self.is_provisioned())
                || self.services.hostname.len() > LONGEST_NAME)
        {
            return Status::Blocked;
        }
        // The daemons on the host need the hub's name as well as the modules do, but where a proxy
        // looks for it.
        let named = self.system_says(self.upstream()).unwrap_or_default();
        let is_named = named.iter().any(|address| self.is_the_hub(*address));
        if !is_named && self.proxy_of(Part::EdgeAgent).is_none() {
            return Status::Blocked;
        }
        // A child's images and its daemons' own requests come from its parent.
        if self.is_child && !(self.works(Transport::Https) && self.host_works_by_https(&named)) {
            return Status::Blocked;
        }
        let works: Vec<bool> =
            self.protocols.iter().map(|transport| self.works(*transport)).collect();
        if works.iter().all(|works| !works) || self.shuts_edge_hub_in() {
            Status::Blocked
        } else if works.iter().any(|works| !works)
            || !self.works(Transport::Https)
            || !self.daemons_reach_it()
            || !self.edge_hub_reaches_443()
            || self.is_read_along()
        {
            Status::Degraded
        } else {
            Status::Healthy
        }
    }

    /// Whether Edge Agent reaches the hub by this transport, from where it runs.
    pub(crate) fn works(&self, transport: Transport) -> bool {
        // Only what is carried by HTTP can go by a proxy.
        let via = self.proxy_of(Part::EdgeAgent).filter(|_| transport.default_port() == 443);
        if let Some(via) = via {
            return self.works_by(&via, transport);
        }
        let (start, addresses) = match self.edge() {
            None => (Start::Host { bound: None }, self.system_says(self.upstream())),
            Some(network) => (
                Start::Module { network, address: module(network) },
                self.module_gets(network, self.upstream()),
            ),
        };
        let addresses = addresses.unwrap_or_default();
        let mut hubs = addresses.into_iter().filter(|address| self.is_the_hub(*address));
        hubs.any(|address| self.connects(start, transport, None, address))
    }

    fn host_works_by_https(&self, named: &[IpAddr]) -> bool {
        let start = Start::Host { bound: None };
        let is_there = |address: &IpAddr| self.is_the_hub(*address);
        let mut places = named.iter().copied().filter(is_there);
        places.any(|peer| self.connects(start, Transport::Https, None, peer))
    }

    fn works_by(&self, via: &Via, transport: Transport) -> bool {
        let start = match self.edge() {
            None => Start::Host { bound: None },
            Some(network) => Start::Module { network, address: module(network) },
        };
        let addresses = match (via.url.address(), self.edge()) {
            (Some(address), _) => Ok(vec![address]),
            (None, None) => self.system_says(via.url.host()),
            (None, Some(network)) => self.module_gets(network, via.url.host()),
        };
        let mut addresses = addresses.unwrap_or_default().into_iter();
        addresses.any(|peer| self.connects(start, transport, Some(via.clone()), peer))
    }

    /// Whether the daemons, where they are set up for a site with a proxy, reach the hub at all: by
    /// the proxy, or past it where a tunnel leads out of the site.
    fn daemons_reach_it(&self) -> bool {
        if !self.services.configured {
            return true;
        }
        [Part::Daemon, Part::IdentityService].iter().all(|part| match self.proxy_of(*part) {
            None => {
                self.services.proxy.is_none()
                    || self
                        .host_works_by_https(&self.system_says(self.upstream()).unwrap_or_default())
            }
            Some(_) => !self.services.led_astray.contains(part),
        })
    }

    fn edge_hub_reaches_443(&self) -> bool {
        !self.services.configured
            || self.engine.is_none()
            || !self.services.led_astray.contains(&Part::EdgeHub)
    }

    /// Whether Edge Hub has no port of its own to go by where its proxy is lost.
    fn shuts_edge_hub_in(&self) -> bool {
        let by_its_own =
            |transport: &Transport| transport.default_port() != 443 && self.works(*transport);
        !self.edge_hub_reaches_443() && !self.protocols.iter().any(by_its_own)
    }

    fn is_the_hub(&self, address: IpAddr) -> bool {
        self.peers.iter().any(|(peer, who)| *peer == address && self.is_upstream(*who))
    }

    /// Whether somebody reads along whom the host trusts, and modules have to be taught to trust.
    fn is_read_along(&self) -> bool {
        let trusted = |it: &Middlebox| matches!(it, Middlebox::Interceptor { trusted: true, .. });
        // The proxy is beyond whoever does so.
        self.proxy_of(Part::EdgeAgent).is_none()
            && self.site.middlebox.as_ref().is_some_and(trusted)
    }

    /// Whether the runtime's network has still to be made and no subnet is left for it.
    fn has_no_pool_left(&self, engine: &Engine) -> bool {
        if engine.networks.iter().any(|network| network.name == "azure-iot-edge") {
            return false;
        }
        let on_link = self.tables.routes.iter().filter(|route| {
            route.table == MAIN_TABLE
                && route.destination.prefix_len() > 0
                && route.hops.iter().any(|hop| hop.gateway.is_none())
        });
        let mut taken: Vec<IpNet> = engine.networks.iter().map(|network| network.subnet).collect();
        taken.extend(on_link.map(|route| route.destination));
        taken.extend(self.names.configured.iter().map(|server| IpNet::from(*server)));
        let free =
            |subnet: &IpNet| !taken.iter().any(|it| it.contains(subnet) || subnet.contains(it));
        !pools(engine).iter().flat_map(candidates).any(|subnet| free(&subnet))
    }
}

/// Docker's own pools, where none are set (daemon/libnetwork/ipamutils).
fn pools(engine: &Engine) -> Vec<AddressPool> {
    if !engine.pools.is_empty() {
        return engine.pools.clone();
    }
    let pool = |base: &str, size| AddressPool { base: base.parse().unwrap(), size };
    vec![pool("172.16.0.0/12", 16), pool("192.168.0.0/16", 20)]
}

fn candidates(pool: &AddressPool) -> Vec<IpNet> {
    pool.base.subnets(pool.size).unwrap().collect()
}

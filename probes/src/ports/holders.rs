//! Who holds a port: sockets, processes, users, units and containers put together.

use std::collections::HashSet;
use std::net::IpAddr;

use edgeprobe_facts::engine::Container;

use super::{Bind, Holder, Socket, SocketProcess, address, cgroup, forwarder, passwd};
use crate::clean;

/// The holders of a port.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) holders: Vec<Holder>,
    /// Whether one of them is Edge Hub or forwards to it.
    pub(super) edge_hub: bool,
}

/// A port and how it was tried.
pub(super) struct Asked<'a> {
    pub(super) port: u16,
    pub(super) binds: &'a [Bind],
}

impl Asked<'_> {
    /// Whether a listener here is in the way of what was tried.
    fn is_held_by(&self, listener: IpAddr) -> bool {
        self.binds.iter().any(|bind| address::contends(listener, bind))
    }

    /// Whether a container publishes the port where it was tried.
    fn is_published_by(&self, container: &Container) -> bool {
        let published = container.published.iter().filter(|port| port.host_port == self.port);
        let tried = |address| self.binds.iter().any(|bind| address::overlap(address, bind.address));
        published.map(|port| port.address).any(tried)
    }
}

/// Names every holder of a port on the addresses that were tried: those that listen, then the
/// containers that publish it without any socket to show for it.
///
/// A process or container that holds several addresses is named once, with the first of them. Where
/// Edge Hub is one of them it has what it needs, since no two can hold the same.
pub(super) fn identify(
    asked: &Asked<'_>,
    sockets: &[Socket],
    processes: &[SocketProcess],
    passwd: &str,
    containers: &[Container],
) -> Found {
    let in_the_way = |socket: &&Socket| socket.listening && asked.is_held_by(socket.address);
    let listening = sockets.iter().filter(in_the_way).map(|socket| {
        let process = principal(processes.iter().filter(|process| process.inode == socket.inode));
        let owner = owner(socket, process, asked.port, containers);
        let holder = Holder {
            address: Some(socket.address),
            pid: process.map(|process| process.pid),
            process: process.map(|process| clean::line(&process.name, 32)),
            user: Some(passwd::user_name(passwd, socket.uid)),
            unit: process.and_then(|process| cgroup::unit(&process.cgroup)),
            container: owner.as_ref().map(Owner::name),
        };
        (holder, owner.is_some_and(|owner| owner.is_edge_hub()))
    });
    // With its userland proxy off an engine forwards by address translation alone.
    let published =
        containers.iter().filter(|container| asked.is_published_by(container)).map(|c| {
            let container = Some(Owner::Listed(c).name());
            (Holder { container, ..Holder::default() }, c.is_edge_hub())
        });

    let mut found = Found::default();
    for (holder, edge_hub) in listening.chain(published) {
        if !found.holders.iter().any(|known| is_same(known, &holder)) {
            found.holders.push(holder);
            found.edge_hub |= edge_hub;
        }
    }
    found
}

/// The container behind a holder.
enum Owner<'a> {
    /// The engine lists it.
    Listed(&'a Container),
    /// Only its id is known.
    Id(&'a str),
}

impl Owner<'_> {
    fn name(&self) -> String {
        match self {
            Self::Listed(container) if container.name.is_empty() => short(&container.id),
            Self::Listed(container) => clean::line(&container.name, 128),
            Self::Id(id) => short(id),
        }
    }

    fn is_edge_hub(&self) -> bool {
        matches!(self, Self::Listed(container) if container.is_edge_hub())
    }
}

/// The container that the socket belongs to, or is held for.
fn owner<'a>(
    socket: &Socket,
    process: Option<&'a SocketProcess>,
    port: u16,
    containers: &'a [Container],
) -> Option<Owner<'a>> {
    let Some(process) = process else {
        // The engine could not have published the port beside another listener, so the listener
        // that cannot be seen is the engine's own.
        return forwarder::publisher_at(socket.address, port, containers).map(Owner::Listed);
    };
    if let Some(container) = forwarder::target(process, socket.address, port, containers) {
        return Some(Owner::Listed(container));
    }
    let id = cgroup::container_id(&process.cgroup)?;
    let listed = containers.iter().find(|container| container.id.eq_ignore_ascii_case(id));
    Some(listed.map_or(Owner::Id(id), Owner::Listed))
}

/// The one process to name among those that share a socket.
///
/// A forwarder's helper names its container, which the engine that keeps a copy of the socket does
/// not. Else the parent stands for its workers. The service manager, which passes sockets on, is
/// named only when nobody has taken them yet.
fn principal<'p>(sharing: impl Iterator<Item = &'p SocketProcess>) -> Option<&'p SocketProcess> {
    let sharing: Vec<_> = sharing.collect();
    let pids: HashSet<u32> = sharing.iter().map(|process| process.pid).collect();
    sharing.into_iter().min_by_key(|process| {
        let manager = process.pid == 1;
        let helper = process.name == "docker-proxy";
        let worker = process.parent != 1 && pids.contains(&process.parent);
        (manager, !helper, worker, process.pid)
    })
}

/// Whether two entries are of one process or one container.
///
/// Listeners that cannot be told apart are one when they are of the same user.
fn is_same(one: &Holder, other: &Holder) -> bool {
    let hidden = |holder: &Holder| holder.pid.is_none() && holder.container.is_none();
    (one.pid.is_some() && one.pid == other.pid)
        || (one.container.is_some() && one.container == other.container)
        || (hidden(one) && hidden(other) && one.user == other.user)
}

/// The first 12 digits of an id, as engines show it.
fn short(id: &str) -> String {
    id.chars().take(12).collect()
}

#[cfg(test)]
mod tests {
    use edgeprobe_facts::engine::PublishedPort;
    use edgeprobe_facts::ports::BindResult;

    use super::*;

    const PASSWD: &str = "root:x:0:0::/root:/bin/sh\nwww-data:x:33:33::/var/www:/bin/sh\n";

    fn socket(address: &str, uid: u32, inode: u64) -> Socket {
        Socket { address: address.parse().unwrap(), listening: true, uid, inode }
    }

    fn process(inode: u64, pid: u32, parent: u32, name: &str) -> SocketProcess {
        let cgroup = format!("0::/system.slice/{name}.service\n");
        SocketProcess { inode, pid, parent, name: name.to_owned(), cgroup, ..Default::default() }
    }

    fn container(name: &str, address: &str, port: u16) -> Container {
        Container {
            id: "ab".repeat(32),
            name: name.to_owned(),
            addresses: vec![address.parse().unwrap()],
            published: vec![PublishedPort {
                address: "0.0.0.0".parse().unwrap(),
                host_port: port,
                container_port: 443,
            }],
            ..Container::default()
        }
    }

    const ALL: [&str; 2] = ["0.0.0.0", "::"];

    /// The holders of 443 on all addresses.
    fn named(sockets: &[Socket], processes: &[SocketProcess], containers: &[Container]) -> Found {
        named_on(443, &ALL, sockets, processes, containers)
    }

    fn named_on(
        port: u16,
        addresses: &[&str],
        sockets: &[Socket],
        processes: &[SocketProcess],
        containers: &[Container],
    ) -> Found {
        let result = BindResult::InUse;
        let tried = addresses.iter().map(|address| address.parse().unwrap());
        let binds: Vec<Bind> = tried.map(|address| Bind { address, result }).collect();
        identify(&Asked { port, binds: &binds }, sockets, processes, PASSWD, containers)
    }

    #[test]
    fn a_server_on_both_families_is_one_holder_and_its_workers_are_not_named() {
        let sockets = [socket("0.0.0.0", 33, 7), socket("::", 33, 8)];
        let processes = [
            process(7, 900, 812, "nginx"),
            process(7, 812, 1, "nginx"),
            process(8, 812, 1, "nginx"),
            process(8, 901, 812, "nginx"),
        ];
        let found = named(&sockets, &processes, &[]);
        let expected = Holder {
            address: Some("0.0.0.0".parse().unwrap()),
            pid: Some(812),
            process: Some("nginx".to_owned()),
            user: Some("www-data".to_owned()),
            unit: Some("nginx.service".to_owned()),
            container: None,
        };
        assert_eq!(found, Found { holders: vec![expected], edge_hub: false });
    }

    #[test]
    fn the_service_that_was_handed_a_socket_is_named_not_the_manager() {
        let processes = [process(7, 1, 0, "systemd"), process(7, 700, 1, "cockpit")];
        let found = named(&[socket("::", 0, 7)], &processes, &[]);
        assert_eq!(found.holders[0].process.as_deref(), Some("cockpit"));
    }

    #[test]
    fn the_proxy_s_container_is_named_although_the_engine_keeps_the_socket_too() {
        let containers = [container("web", "172.18.0.3", 443)];
        let mut proxy = process(7, 800, 500, "docker-proxy");
        proxy.arguments = vec!["-container-ip".to_owned(), "172.18.0.3".to_owned()];
        let processes = [process(7, 500, 1, "dockerd"), proxy];
        let found = named(&[socket("0.0.0.0", 0, 7)], &processes, &containers);
        assert_eq!(found.holders.len(), 1);
        assert_eq!(found.holders[0].pid, Some(800));
        assert_eq!(found.holders[0].container.as_deref(), Some("web"));
        assert!(!found.edge_hub);
    }

    #[test]
    fn edge_hub_s_own_proxies_are_edge_hub() {
        let containers = [container("edgeHub", "172.18.0.3", 443)];
        let sockets = [socket("0.0.0.0", 0, 7), socket("::", 0, 8)];
        let proxy = |inode, pid| SocketProcess {
            arguments: vec!["-container-ip".to_owned(), "172.18.0.3".to_owned()],
            ..process(inode, pid, 500, "docker-proxy")
        };
        let found = named(&sockets, &[proxy(7, 800), proxy(8, 801)], &containers);
        assert_eq!(found.holders.len(), 1);
        assert!(found.edge_hub);
    }

    #[test]
    fn a_container_that_publishes_without_a_socket_holds_the_port() {
        let web = [container("web", "172.18.0.3", 443)];
        let found = named(&[], &[], &web);
        assert_eq!(found.holders[0].container.as_deref(), Some("web"));
        assert_eq!(found.holders[0].address, None);
        assert!(!found.edge_hub);
        assert_eq!(named_on(8883, &ALL, &[], &[], &web), Found::default());
        assert!(named(&[], &[], &[container("edgeHub", "::1", 443)]).edge_hub);
    }

    #[test]
    fn edge_hub_on_one_address_has_its_port_whoever_holds_another() {
        let mut edge_hub = container("edgeHub", "172.18.0.3", 443);
        edge_hub.published[0].address = "192.168.1.50".parse().unwrap();
        let proxy = SocketProcess {
            arguments: vec!["-container-ip".to_owned(), "172.18.0.3".to_owned()],
            ..process(8, 800, 500, "docker-proxy")
        };
        let sockets = [socket("127.0.0.1", 33, 7), socket("192.168.1.50", 0, 8)];
        let processes = [process(7, 812, 1, "nginx"), proxy];
        let found = named(&sockets, &processes, std::slice::from_ref(&edge_hub));
        assert_eq!(found.holders.len(), 2);
        assert!(found.edge_hub);
        // Asked where Edge Hub publishes it, nginx has no part in it.
        let asked = |sockets: &[Socket], processes: &[SocketProcess], containers: &[Container]| {
            named_on(443, &["192.168.1.50"], sockets, processes, containers)
        };
        let found = asked(&sockets, &processes, std::slice::from_ref(&edge_hub));
        assert_eq!(found.holders.len(), 1);
        assert!(found.edge_hub);
        assert_eq!(asked(&sockets[..1], &processes, &[]), Found::default());
        let everywhere = asked(&[socket("0.0.0.0", 33, 7)], &processes, &[]);
        assert_eq!(everywhere.holders[0].process.as_deref(), Some("nginx"));
        assert!(!everywhere.edge_hub);
        // Another container may publish the same port beside it.
        let mut web = container("web", "172.18.0.4", 443);
        web.published[0].address = "127.0.0.1".parse().unwrap();
        assert_eq!(asked(&[], &[], &[web]), Found::default());
    }

    #[test]
    fn a_listener_that_cannot_be_seen_is_not_of_a_container_on_another_address() {
        let mut edge_hub = container("edgeHub", "172.18.0.3", 443);
        edge_hub.published[0].address = "192.168.1.50".parse().unwrap();
        edge_hub.published[0].host_port = 8443;
        let mut web = container("web", "172.18.0.4", 443);
        web.published[0].address = "192.168.1.51".parse().unwrap();
        let found = named(&[socket("127.0.0.1", 33, 7)], &[], &[edge_hub, web]);
        assert_eq!(found.holders[0].container, None);
        assert_eq!(found.holders[0].user.as_deref(), Some("www-data"));
    }

    #[test]
    fn a_listener_that_cannot_be_seen_is_the_engine_s_when_the_engine_publishes_the_port() {
        let sockets = [socket("0.0.0.0", 0, 7), socket("::", 0, 8)];
        let edge_hub = [container("edgeHub", "172.18.0.3", 443)];
        assert!(named(&sockets, &[], &edge_hub).edge_hub);
        let unknown = named(&sockets, &[], &[]);
        assert_eq!(unknown.holders.len(), 1);
        assert_eq!(unknown.holders[0].user.as_deref(), Some("root"));
    }

    #[test]
    fn a_process_in_a_container_on_the_host_s_network_is_named_by_its_container() {
        let mut inside = process(7, 812, 700, "nginx");
        inside.cgroup = format!("0::/system.slice/docker-{}.scope\n", "ab".repeat(32));
        let sockets = [socket("0.0.0.0", 0, 7)];
        let listed = [container("web", "172.18.0.3", 80)];
        let found = named(&sockets, std::slice::from_ref(&inside), &listed);
        assert_eq!(found.holders[0].container.as_deref(), Some("web"));
        assert_eq!(found.holders[0].unit, None);
        let unlisted = named(&sockets, &[inside], &[]);
        assert_eq!(unlisted.holders[0].container.as_deref(), Some("abababababab"));
    }
}

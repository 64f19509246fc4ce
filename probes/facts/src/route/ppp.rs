//! Which PPP links are a VPN's (L2TP, PPTP) and not an uplink's: a modem's or PPPoE's.

use super::tables::{Link, LinkKind, MAIN_TABLE, Route, RouteKind, Tables};
use super::vpn::{halves, vpn_of};

/// What the links of VPNs are named by, where they are not `ppp` and a number.
const NAMES: [&str; 4] = ["l2tp", "pptp", "sstp", "vpn"];

/// Whether anything shows that the link is a VPN's.
///
/// That another uplink stands beside it shows nothing: so it does beside a modem that carries the
/// device while its cable is out.
pub(super) fn is_a_vpns(tables: &Tables, ppp: &Link) -> bool {
    let is_named = |link: &Link| NAMES.iter().any(|name| link.name.starts_with(name));
    let l2tp = |link: &Link| link.name.starts_with("l2tp");
    is_named(ppp)
        || tables.links.iter().any(l2tp)
        || halves(tables, &ppp.name)
        || leaves_its_server_the_old_way(tables, ppp)
}

/// Whether the link takes everything before another default route, and one host alone is left to the
/// other's gateway: the server that the link itself leads to.
fn leaves_its_server_the_old_way(tables: &Tables, ppp: &Link) -> bool {
    // The host may be another VPN's server.
    let is_ppp = |link: &Link| link.kind == LinkKind::Ppp || link.name.starts_with("ppp");
    if tables.links.iter().any(|link| !is_ppp(link) && vpn_of(tables, &link.name).is_some()) {
        return false;
    }
    let of_main = || tables.routes.iter().filter(|route| is_of_main(route));
    let defaults = || of_main().filter(|route| route.destination.prefix_len() == 0);
    let (own, others): (Vec<&Route>, Vec<&Route>) =
        defaults().partition(|route| route.leaves_by(&ppp.name));
    let Some(own) = own.iter().map(|route| route.metric).min() else { return false };
    let gateway = |route: &Route| route.hops.iter().find_map(|hop| hop.gateway);
    let hosts = || of_main().filter(|route| route.destination.prefix_len() == 32);
    others.iter().filter(|other| other.metric >= own && gateway(other).is_some()).any(|other| {
        hosts().any(|host| host.interface() == other.interface() && gateway(host) == gateway(other))
    })
}

fn is_of_main(route: &Route) -> bool {
    route.table == MAIN_TABLE
        && route.kind == RouteKind::Unicast
        && route.destination.addr().is_ipv4()
}

#[cfg(test)]
mod tests {
    use super::super::testing::device;
    use super::super::vpn::Vpn;
    use super::*;

    /// What `ppp0` is called on a host that has an uplink with a gateway.
    fn ppp0(links: &[(&str, LinkKind)], routes: &[&str]) -> Option<Vpn> {
        let links = [links, &[("ppp0", LinkKind::Ppp)]].concat();
        let mut tables = device(&links, routes, &[]);
        // The uplink's default route is the later one.
        for route in tables.routes.iter_mut().filter(|route| route.leaves_by("eth0")) {
            route.metric = 100;
        }
        vpn_of(&tables, "ppp0")
    }

    #[test]
    fn a_modem_beside_an_uplink_is_no_vpn() {
        assert_eq!(ppp0(&[], &["default dev ppp0"]), None);
        assert_eq!(ppp0(&[], &["default dev ppp0 metric 700"]), None);
        assert_eq!(ppp0(&[], &["default dev ppp0", "10.0.0.0/8 via 192.0.2.7 dev eth0"]), None);
        assert_eq!(ppp0(&[], &["default dev ppp0", "10.1.2.3/32 via 192.0.2.7 dev eth0"]), None);
    }

    #[test]
    fn a_link_whose_server_is_reached_the_old_way_is_a_vpns() {
        let server = "198.51.100.4/32 via 192.0.2.1 dev eth0";
        assert_eq!(ppp0(&[], &["default dev ppp0", server]), Some(Vpn::Ppp));
        // The host alone, without a route that the link takes over, or with another VPN.
        assert_eq!(ppp0(&[], &[server]), None);
        assert_eq!(ppp0(&[], &["default dev ppp0 metric 700", server]), None);
        let routes = ["default dev ppp0", server];
        assert_eq!(ppp0(&[("wg0", LinkKind::Wireguard)], &routes), None);
    }

    #[test]
    fn a_link_that_takes_the_internet_by_halves_is_a_vpns() {
        assert_eq!(ppp0(&[], &["0.0.0.0/1 dev ppp0", "128.0.0.0/1 dev ppp0"]), Some(Vpn::Ppp));
    }

    #[test]
    fn l2tp_is_known_by_its_links() {
        let l2tp = LinkKind::Other("l2tp".to_owned());
        assert_eq!(ppp0(&[("l2tpeth0", l2tp)], &[]), Some(Vpn::Ppp));
        let tables = device(&[("pptp-office", LinkKind::Ppp)], &[], &[]);
        assert_eq!(vpn_of(&tables, "pptp-office"), Some(Vpn::Ppp));
    }
}

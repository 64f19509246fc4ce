//! Which interfaces are a VPN's, and whose.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::ppp;
use super::tables::{LinkKind, MAIN_TABLE, Rule, RuleAction, Tables};

/// The table that Tailscale fills.
pub(super) const TAILSCALE_TABLE: u32 = 52;

/// Names that VPN clients give to interfaces whose kind does not tell, up to their number.
const NAMES: [&str; 13] = [
    "tun",
    "tap",
    "wg",
    "tailscale",
    "utun",
    "wt",
    "zt",
    "ipsec",
    "vpn",
    "nordlynx",
    "proton",
    "cscotun",
    "gpd",
];

/// Whose VPN it is, as far as that changes what to do about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Vpn {
    OpenVpn,
    Wireguard,
    Tailscale,
    Ipsec,
    /// L2TP or PPTP.
    Ppp,
    /// A tunnel of another make.
    Other,
}

/// Writes the product's name.
impl fmt::Display for Vpn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::OpenVpn => "OpenVPN",
            Self::Wireguard => "WireGuard",
            Self::Tailscale => "Tailscale",
            Self::Ipsec => "IPsec",
            Self::Ppp => "L2TP or PPTP",
            Self::Other => "a VPN",
        })
    }
}

/// The VPN that the interface belongs to; `None` for another interface.
pub fn vpn_of(tables: &Tables, interface: &str) -> Option<Vpn> {
    let link = tables.link(interface)?;
    // A port of a bridge is a virtual machine's, or bridges a network that is judged as a bridge.
    if link.master.is_some() {
        return None;
    }
    match &link.kind {
        LinkKind::Wireguard => Some(Vpn::Wireguard),
        LinkKind::Ipsec => Some(Vpn::Ipsec),
        LinkKind::Ppp => ppp::is_a_vpns(tables, link).then_some(Vpn::Ppp),
        LinkKind::Other(kind) if kind.starts_with("ovpn") => Some(Vpn::OpenVpn),
        LinkKind::Loopback | LinkKind::Bridge | LinkKind::Wwan => None,
        LinkKind::Tun if is_a_translators(interface) => None,
        LinkKind::Tun => Some(product(tables, interface)),
        // Where the system does not tell kinds.
        _ if interface.starts_with("ppp") => ppp::is_a_vpns(tables, link).then_some(Vpn::Ppp),
        _ => is_named_like_one(interface).then(|| product(tables, interface)),
    }
}

/// The first VPN whose interface is up, with the interface.
pub fn active(tables: &Tables) -> Option<(Vpn, &str)> {
    let up = tables.links.iter().filter(|link| link.up);
    up.map(|link| link.name.as_str()).find_map(|name| Some((vpn_of(tables, name)?, name)))
}

/// The two routes that OpenVPN's `redirect-gateway def1` lays over the default route.
pub fn halves(tables: &Tables, interface: &str) -> bool {
    ["0.0.0.0/1", "128.0.0.0/1"].iter().all(|half| {
        tables.routes.iter().any(|route| {
            route.destination.to_string() == *half
                && route.table == MAIN_TABLE
                && route.leaves_by(interface)
        })
    })
}

/// What made a tunnel that the kernel knows no more of than that a program serves it.
fn product(tables: &Tables, interface: &str) -> Vpn {
    let fills = |table: u32| {
        tables.routes.iter().any(|route| route.table == table && route.leaves_by(interface))
    };
    let asked = |rule: &Rule| matches!(rule.action, RuleAction::Lookup { table } if fills(table));
    if interface.starts_with("tailscale") || fills(TAILSCALE_TABLE) {
        Vpn::Tailscale
    } else if interface.starts_with("wg")
        || interface.starts_with("nordlynx")
        || tables.rules.iter().any(|rule| is_wg_quick(rule) && asked(rule))
    {
        Vpn::Wireguard
    } else if halves(tables, interface) {
        Vpn::OpenVpn
    } else {
        Vpn::Other
    }
}

/// `not from all fwmark N lookup N`: wg-quick marks WireGuard's own packets with the number of the
/// table that all others go to.
pub(super) fn is_wg_quick(rule: &Rule) -> bool {
    rule.inverted
        && matches!(
            (rule.mark, rule.action),
            (Some(mark), RuleAction::Lookup { table }) if mark.value == table
        )
}

fn is_named_like_one(interface: &str) -> bool {
    NAMES.iter().any(|name| is_named(interface, name))
}

/// Whether an interface carries IPv4 over a network of IPv6 alone (464XLAT, RFC 6877), as clatd and
/// NetworkManager (`clat`) and Android (`v4-` before the uplink's own name) call theirs.
fn is_a_translators(interface: &str) -> bool {
    interface.starts_with("v4-") || is_named(interface, "clat")
}

/// Whether it has this name, perhaps with a number.
fn is_named(interface: &str, name: &str) -> bool {
    interface
        .strip_prefix(name)
        .is_some_and(|rest| !rest.starts_with(|first: char| first.is_ascii_alphabetic()))
}

#[cfg(test)]
mod tests {
    use super::super::testing::device;
    use super::*;

    #[test]
    fn what_translates_for_an_uplink_without_ipv4_is_no_vpn() {
        for (name, expected) in [
            ("clat", None),
            ("clat4", None),
            ("v4-rmnet_data0", None),
            ("tun0", Some(Vpn::Other)),
            ("clatter", Some(Vpn::Other)),
        ] {
            let tables = device(&[(name, LinkKind::Tun)], &[], &[]);
            assert_eq!(vpn_of(&tables, name), expected, "{name}");
        }
        // The kind tells more than the name.
        let tables = device(&[("v4-office", LinkKind::Wireguard)], &[], &[]);
        assert_eq!(vpn_of(&tables, "v4-office"), Some(Vpn::Wireguard));
    }
}

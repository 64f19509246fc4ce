//! What the facts of a port amount to: free, in use, or not permitted.

use std::net::{IpAddr, SocketAddr};

use edgeprobe_facts::{Failure, Step, Token};

use super::{BindResult, Holder, PortFacts};
use crate::clean;

/// How many holders the failure's line names.
const NAMED: usize = 3;

/// Whether the binds alone answer, so that the kernel's tables are not needed.
pub(super) fn kernel_answered(facts: &PortFacts) -> bool {
    facts.may_bind || facts.binds.iter().any(|bind| bind.result != BindResult::NotPermitted)
}

/// Why the engine could not bind the port; none when it could, or when Edge Hub has it already.
///
/// `connections` says whether connections are left on the port, `privileged` whether a holder
/// without a process is hidden by something else than a lack of privilege.
pub(super) fn failure(facts: &PortFacts, connections: bool, privileged: bool) -> Option<Failure> {
    if facts.held_by_edge_hub {
        return None;
    }
    let in_use = address_with(facts, BindResult::InUse);
    if in_use.is_some() || !facts.holders.is_empty() {
        let detail = held(facts, in_use, connections, privileged);
        return Some(Failure::new(Step::Bind, Token::AddressInUse, clean::line(&detail, 400)));
    }
    if let Some(missing) = absent(facts) {
        let detail = format!("{missing} is no address of this device");
        return Some(Failure::new(Step::Bind, Token::AddressNotAvailable, detail));
    }
    // Without privilege a refusal says nothing of the engine, which is root.
    let refused = address_with(facts, BindResult::NotPermitted).filter(|_| facts.may_bind)?;
    let detail = format!(
        "{} may not be bound although this process has the privilege",
        SocketAddr::new(refused, facts.port)
    );
    Some(Failure::new(Step::Bind, Token::BindNotPermitted, detail))
}

/// An address that the port is to be published on, and that this device does not have.
fn absent(facts: &PortFacts) -> Option<IpAddr> {
    // A device without a whole family does without it.
    let unavailable = facts.binds.iter().filter(|bind| bind.result == BindResult::Unavailable);
    unavailable.map(|bind| bind.address).find(|address| !address.is_unspecified())
}

fn address_with(facts: &PortFacts, result: BindResult) -> Option<IpAddr> {
    facts.binds.iter().find(|bind| bind.result == result).map(|bind| bind.address)
}

/// One line that names the holders.
fn held(facts: &PortFacts, busy: Option<IpAddr>, connections: bool, privileged: bool) -> String {
    if facts.holders.is_empty() {
        let by = if facts.tables_unread {
            "another socket; by whom is not known, for the kernel's tables of sockets cannot be read"
        } else if connections {
            "connections of a server that has ended; they go within a minute or so"
        } else {
            "a socket that does not listen, or no longer does"
        };
        let what = busy.map_or_else(
            || format!("port {}", facts.port),
            |address| SocketAddr::new(address, facts.port).to_string(),
        );
        return format!("{what} is held by {by}");
    }
    let mut lines: Vec<String> = facts
        .holders
        .iter()
        .take(NAMED)
        .map(|holder| describe(holder, facts.port, privileged))
        .collect();
    let more = facts.holders.len().saturating_sub(NAMED);
    if more > 0 {
        lines.push(format!("and {more} more"));
    }
    lines.join("; ")
}

fn describe(holder: &Holder, port: u16, privileged: bool) -> String {
    let Some(address) = holder.address else {
        let container = holder.container.as_deref().unwrap_or("unknown");
        return format!("port {port} is published by container {container}");
    };
    let place = SocketAddr::new(address, port);
    let user = holder.user.as_deref().unwrap_or("unknown");
    if let (Some(process), Some(pid)) = (&holder.process, holder.pid) {
        let mut parts = vec![format!("pid {pid}"), format!("user {user}")];
        parts.extend(holder.unit.iter().map(|unit| format!("unit {unit}")));
        parts.extend(holder.container.iter().map(|name| format!("container {name}")));
        return format!("{place} is held by {process} ({})", parts.join(", "));
    }
    if let Some(container) = &holder.container {
        return format!("{place} is held by the engine for container {container}");
    }
    let hint = if privileged { "not visible from here" } else { "run as root to see which" };
    format!("{place} is held by a process of user {user} ({hint})")
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, Ipv6Addr};

    use edgeprobe_facts::ports::Bind;

    use super::*;

    fn facts(v4: BindResult, v6: BindResult, may_bind: bool, holders: &[Holder]) -> PortFacts {
        PortFacts {
            port: 443,
            binds: vec![
                Bind { address: Ipv4Addr::UNSPECIFIED.into(), result: v4 },
                Bind { address: Ipv6Addr::UNSPECIFIED.into(), result: v6 },
            ],
            holders: holders.to_vec(),
            may_bind,
            tables_unread: false,
            held_by_edge_hub: false,
        }
    }

    fn token(facts: &PortFacts) -> Option<Token> {
        failure(facts, false, true).map(|failure| failure.token)
    }

    fn nginx() -> Holder {
        Holder {
            address: Some(Ipv4Addr::UNSPECIFIED.into()),
            pid: Some(812),
            process: Some("nginx".to_owned()),
            user: Some("www-data".to_owned()),
            unit: Some("nginx.service".to_owned()),
            container: None,
        }
    }

    #[test]
    fn what_an_engine_could_bind_is_no_failure() {
        use BindResult::{Free, Lingering, Shared, Unavailable};
        for (v4, v6) in [(Free, Free), (Free, Unavailable), (Lingering, Free), (Shared, Shared)] {
            assert_eq!(token(&facts(v4, v6, true, &[])), None, "{v4:?} {v6:?}");
        }
    }

    #[test]
    fn either_family_in_use_is_a_failure() {
        use BindResult::{Free, InUse};
        for (v4, v6) in [(InUse, InUse), (InUse, Free), (Free, InUse)] {
            let failed = token(&facts(v4, v6, true, &[]));
            assert_eq!(failed, Some(Token::AddressInUse), "{v4:?} {v6:?}");
        }
    }

    #[test]
    fn without_privilege_the_tables_decide() {
        use BindResult::NotPermitted;
        let free = facts(NotPermitted, NotPermitted, false, &[]);
        assert_eq!(token(&free), None);
        assert!(!kernel_answered(&free));
        let held = facts(NotPermitted, NotPermitted, false, &[nginx()]);
        assert_eq!(token(&held), Some(Token::AddressInUse));
    }

    #[test]
    fn a_refusal_despite_privilege_is_a_failure() {
        use BindResult::{Free, NotPermitted};
        let refused = facts(NotPermitted, Free, true, &[]);
        assert_eq!(token(&refused), Some(Token::BindNotPermitted));
    }

    #[test]
    fn an_address_that_the_device_lacks_is_a_failure_and_a_family_is_none() {
        let mut lacking = facts(BindResult::Unavailable, BindResult::Free, true, &[]);
        assert_eq!(token(&lacking), None);
        lacking.binds.truncate(1);
        lacking.binds[0].address = "192.168.1.50".parse().unwrap();
        assert_eq!(token(&lacking), Some(Token::AddressNotAvailable));
    }

    #[test]
    fn edge_hub_may_hold_its_own_port() {
        use BindResult::InUse;
        let mut held = facts(InUse, InUse, true, &[nginx()]);
        held.held_by_edge_hub = true;
        assert_eq!(token(&held), None);
    }

    #[test]
    fn where_no_table_is_read_nothing_is_said_of_the_holder() {
        use BindResult::{Free, InUse};
        let mut unread = facts(InUse, Free, true, &[]);
        assert!(failure(&unread, false, true).unwrap().detail.contains("does not listen"));
        unread.tables_unread = true;
        let detail = failure(&unread, false, true).unwrap().detail;
        assert!(detail.contains("cannot be read") && !detail.contains("listen"), "{detail}");
    }

    #[test]
    fn the_line_names_the_holder() {
        use BindResult::{Free, InUse};
        let detail = |holder: Holder, privileged| {
            let facts = facts(InUse, Free, true, &[holder]);
            failure(&facts, false, privileged).unwrap().detail
        };
        assert_eq!(
            detail(nginx(), true),
            "0.0.0.0:443 is held by nginx (pid 812, user www-data, unit nginx.service)"
        );
        let hidden = Holder { pid: None, process: None, unit: None, ..nginx() };
        assert_eq!(
            detail(hidden, false),
            "0.0.0.0:443 is held by a process of user www-data (run as root to see which)"
        );
        let published = Holder { container: Some("web".to_owned()), ..Holder::default() };
        assert_eq!(detail(published, true), "port 443 is published by container web");
        let v6 = Holder { address: Some(Ipv6Addr::UNSPECIFIED.into()), ..nginx() };
        assert!(detail(v6, true).starts_with("[::]:443 is held by nginx"));
    }
}

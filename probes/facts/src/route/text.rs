//! Routes and rules as ip-route(8) and ip-rule(8) write them, so that they can be found again.

use std::fmt;

use super::tables::{Hop, MAIN_TABLE, Route, RouteKind, Rule, RuleAction};

impl fmt::Display for Route {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self.kind {
            RouteKind::Unicast => "",
            RouteKind::Local => "local ",
            RouteKind::Blackhole => "blackhole ",
            RouteKind::Unreachable => "unreachable ",
            RouteKind::Prohibit => "prohibit ",
            RouteKind::Throw => "throw ",
            RouteKind::Other => "(other) ",
        };
        f.write_str(kind)?;
        if self.destination.prefix_len() == 0 {
            f.write_str("default")?;
        } else {
            self.destination.fmt(f)?;
        }
        match self.hops.as_slice() {
            [hop] => hop.fmt(f)?,
            hops => hops.iter().try_for_each(|hop| write!(f, " nexthop{hop}"))?,
        }
        if self.table != MAIN_TABLE {
            write!(f, " table {}", self.table)?;
        }
        if self.metric != 0 {
            write!(f, " metric {}", self.metric)?;
        }
        Ok(())
    }
}

impl fmt::Display for Hop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(gateway) = self.gateway {
            write!(f, " via {gateway}")?;
        }
        if let Some(interface) = &self.interface {
            write!(f, " dev {interface}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:", self.priority)?;
        if self.inverted {
            f.write_str(" not")?;
        }
        match self.from {
            Some(from) => write!(f, " from {from}")?,
            None => f.write_str(" from all")?,
        }
        if let Some(to) = self.to {
            write!(f, " to {to}")?;
        }
        if let Some(mark) = self.mark {
            write!(f, " fwmark {:#x}", mark.value)?;
            if mark.mask != u32::MAX {
                write!(f, "/{:#x}", mark.mask)?;
            }
        }
        if let Some(input) = &self.input {
            write!(f, " iif {input}")?;
        }
        if let Some(output) = &self.output {
            write!(f, " oif {output}")?;
        }
        match self.protocol {
            None => {}
            Some(6) => f.write_str(" ipproto tcp")?,
            Some(17) => f.write_str(" ipproto udp")?,
            Some(number) => write!(f, " ipproto {number}")?,
        }
        for selector in &self.other {
            write!(f, " {selector}")?;
        }
        match self.action {
            RuleAction::Lookup { table } => write!(f, " lookup {}", TableName(table))?,
            RuleAction::Goto { priority } => write!(f, " goto {priority}")?,
            RuleAction::Nothing => f.write_str(" nop")?,
            RuleAction::Blackhole => f.write_str(" blackhole")?,
            RuleAction::Unreachable => f.write_str(" unreachable")?,
            RuleAction::Prohibit => f.write_str(" prohibit")?,
        }
        match self.suppress_prefix_length {
            Some(length) => write!(f, " suppress_prefixlength {length}"),
            None => Ok(()),
        }
    }
}

/// A table by the name that every system gives it, else by its number.
struct TableName(u32);

impl fmt::Display for TableName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            253 => f.write_str("default"),
            MAIN_TABLE => f.write_str("main"),
            255 => f.write_str("local"),
            number => number.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tables::Mark;
    use super::*;

    #[test]
    fn a_route_reads_as_ip_route_writes_it() {
        let hop = Hop {
            interface: Some("tun0".to_owned()),
            gateway: Some("10.8.0.1".parse().unwrap()),
            dead: false,
        };
        let mut route = Route {
            destination: "128.0.0.0/1".parse().unwrap(),
            table: MAIN_TABLE,
            kind: RouteKind::Unicast,
            hops: vec![hop],
            metric: 0,
            mtu: None,
            source: None,
        };
        assert_eq!(route.to_string(), "128.0.0.0/1 via 10.8.0.1 dev tun0");
        route.destination = "0.0.0.0/0".parse().unwrap();
        route.kind = RouteKind::Unreachable;
        route.hops.clear();
        route.metric = 4_278_198_272;
        assert_eq!(route.to_string(), "unreachable default metric 4278198272");
    }

    #[test]
    fn a_rule_reads_as_ip_rule_writes_it() {
        let mut rule = Rule {
            priority: 32765,
            inverted: true,
            mark: Some(Mark { value: 0xca6c, mask: u32::MAX }),
            action: RuleAction::Lookup { table: 51820 },
            ..Rule::default()
        };
        assert_eq!(rule.to_string(), "32765: not from all fwmark 0xca6c lookup 51820");
        rule = Rule {
            priority: 32764,
            action: RuleAction::Lookup { table: MAIN_TABLE },
            suppress_prefix_length: Some(0),
            ..Rule::default()
        };
        assert_eq!(rule.to_string(), "32764: from all lookup main suppress_prefixlength 0");
    }
}

//! The statements of a rule of nft, as libnftables-json(5) writes them.

use std::collections::HashMap;
use std::net::Ipv4Addr;

use ipnet::{IpNet, Ipv4Net, Ipv4Subnets};
use serde_json::Value;

use super::scope::Scope;
use super::{Family, Verdict, iptables};

/// The most source networks of one rule, and chains that one rule leads to.
const MAX_MEMBERS: usize = 256;

/// The chains that verdict maps lead to, by family, table and name.
pub(super) type Maps = HashMap<(Family, String, String), Vec<String>>;

/// What a rule asks and does.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Effect {
    pub(super) packets: Option<u64>,
    pub(super) verdict: Option<Verdict>,
    pub(super) leads_to: Vec<String>,
    pub(super) scope: Scope,
}

impl Effect {
    /// The effect of the statements, which are taken from left to right; `map` gives the chains that
    /// a map leads to.
    pub(super) fn from_statements(statements: &[Value], map: impl Fn(&str) -> Vec<String>) -> Self {
        let mut effect = Self::default();
        for statement in statements {
            let single = statement.as_object().and_then(|object| object.iter().next());
            match single {
                Some((name, content)) => effect.add(name, content, &map),
                // What nft has no JSON for, it writes as text.
                None => effect.narrow(),
            }
        }
        effect
    }

    fn add(&mut self, name: &str, content: &Value, map: impl Fn(&str) -> Vec<String>) {
        match name {
            "counter" => self.packets = content.get("packets").and_then(Value::as_u64),
            "drop" => self.verdict = Some(Verdict::Drop),
            "reject" => self.verdict = Some(Verdict::Reject),
            "accept" => self.verdict = Some(Verdict::Accept),
            "return" => self.verdict = Some(Verdict::Return),
            "masquerade" => self.verdict = Some(Verdict::Masquerade),
            "snat" => self.verdict = Some(Verdict::SourceNat),
            "dnat" | "redirect" | "queue" | "tproxy" => self.verdict = Some(Verdict::Other),
            "jump" => self.lead(Verdict::Jump, target(content).into_iter().collect()),
            "goto" => self.lead(Verdict::Goto, target(content).into_iter().collect()),
            "vmap" => {
                if !content.get("key").is_some_and(is_interface) {
                    self.scope.narrowed = true;
                }
                let data = content.get("data").unwrap_or(&Value::Null);
                let named = data.as_str().and_then(|name| name.strip_prefix('@'));
                self.lead(Verdict::Map, named.map_or_else(|| targets(data), map));
            }
            "match" => self.meet(content),
            "xt" => self.extend(content),
            "log" | "mangle" => {}
            _ => self.narrow(),
        }
    }

    /// A condition that only some packets meet; what was counted before it says nothing of them.
    fn narrow(&mut self) {
        self.scope.narrowed = true;
        self.packets = None;
    }

    fn lead(&mut self, verdict: Verdict, targets: Vec<String>) {
        self.verdict = Some(verdict);
        self.leads_to = targets;
    }

    fn meet(&mut self, content: &Value) {
        self.packets = None;
        let is_negated = content.get("op").and_then(Value::as_str) == Some("!=");
        let (Some(left), Some(right)) = (content.get("left"), content.get("right")) else {
            return self.narrow();
        };
        let address = (left.pointer("/payload/protocol").and_then(Value::as_str) == Some("ip"))
            .then(|| left.pointer("/payload/field").and_then(Value::as_str))
            .flatten();
        let meta = left.pointer("/meta/key").and_then(Value::as_str);
        match (address, meta, is_negated) {
            (Some("saddr"), _, false) => match networks(right) {
                Some(sources) => self.scope.sources = sources,
                None => self.narrow(),
            },
            // Translation for all but one destination is a habit of many.
            (Some("daddr"), _, true) => {}
            _ if is_interface(left) => {}
            (_, Some("nfproto"), false) if right == "ipv4" => {}
            (_, Some("l4proto"), false) if right == "tcp" => {}
            _ => self.narrow(),
        }
    }

    /// A match or a target that iptables put there.
    fn extend(&mut self, content: &Value) {
        let text = |key: &str| content.get(key).and_then(Value::as_str);
        match (text("type"), text("name")) {
            (Some("target"), Some(name)) => self.verdict = Some(iptables::verdict(name)),
            (Some("match"), Some("comment")) => {}
            (Some("match"), _) => self.narrow(),
            // Older releases keep to themselves what it is. iptables counts after all conditions.
            _ => self.scope.narrowed = true,
        }
    }
}

/// The chains that the elements of a verdict map lead to.
pub(super) fn targets(data: &Value) -> Vec<String> {
    let elements = data.get("set").unwrap_or(data).as_array().into_iter().flatten();
    let verdicts = elements.filter_map(|element| element.get(1));
    verdicts
        .filter_map(|verdict| target(verdict.get("jump").or_else(|| verdict.get("goto"))?))
        .take(MAX_MEMBERS)
        .collect()
}

fn target(content: &Value) -> Option<String> {
    content.get("target")?.as_str().map(super::name)
}

fn is_interface(expression: &Value) -> bool {
    let key = expression.pointer("/meta/key").and_then(Value::as_str);
    matches!(key, Some("iif" | "oif" | "iifname" | "oifname"))
}

/// Addresses, prefixes, ranges, or a set of these; nothing for other matches, such as a named set.
fn networks(value: &Value) -> Option<Vec<IpNet>> {
    let members = value.get("set").unwrap_or(value);
    let mut networks = match members.as_array() {
        Some(members) => members.iter().map(network).collect::<Option<Vec<_>>>()?.concat(),
        None => network(members)?,
    };
    networks.truncate(MAX_MEMBERS);
    Some(networks)
}

fn network(value: &Value) -> Option<Vec<IpNet>> {
    if let Some(address) = address(value) {
        return Some(vec![Ipv4Net::from(address).into()]);
    }
    if let Some(prefix) = value.get("prefix") {
        let length = u8::try_from(prefix.get("len")?.as_u64()?).ok()?;
        let network = Ipv4Net::new(address(prefix.get("addr")?)?, length).ok()?;
        return Some(vec![network.into()]);
    }
    let range = value.get("range")?;
    let (first, last) = (address(range.get(0)?)?, address(range.get(1)?)?);
    Some(Ipv4Subnets::new(first, last, 0).map(IpNet::from).collect())
}

fn address(value: &Value) -> Option<Ipv4Addr> {
    value.as_str()?.parse().ok()
}

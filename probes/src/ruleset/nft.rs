//! What `nft` prints: the structure as JSON (libnftables-json(5)), the text as people write it.

use std::collections::HashMap;

use serde::Deserialize;
use serde_json::Value;

use super::statement::{Effect, Maps};
use super::{Chain, Family, FilterRule, Hook, Position, Tool, Verdict};

#[derive(Deserialize)]
struct Document {
    nftables: Vec<Object>,
}

/// One object of the list has one of these; the others, such as sets, say nothing here.
#[derive(Deserialize)]
struct Object {
    chain: Option<ChainObject>,
    rule: Option<RuleObject>,
    map: Option<MapObject>,
}

#[derive(Deserialize)]
struct ChainObject {
    family: String,
    table: String,
    name: String,
    #[serde(rename = "type", default)]
    kind: String,
    hook: Option<String>,
    #[serde(default)]
    prio: Value,
    policy: Option<String>,
}

#[derive(Deserialize)]
struct RuleObject {
    family: String,
    table: String,
    chain: String,
    handle: u64,
    #[serde(default)]
    expr: Vec<Value>,
}

#[derive(Deserialize)]
struct MapObject {
    family: String,
    table: String,
    name: String,
    #[serde(default)]
    elem: Value,
}

/// Reads what `nft -j list ruleset` printed, with the rules' texts from `nft -a list ruleset`.
///
/// Families that IPv4 packets on their way through the host do not meet are left out. Fails when
/// the document is not of nft's shape.
pub(super) fn parse(document: &str, listing: &str) -> Result<Vec<Chain>, serde_json::Error> {
    let document: Document = serde_json::from_str(document)?;
    let texts = texts(listing);
    let maps = maps(&document);
    let mut chains: Vec<Chain> = Vec::new();
    let mut places: HashMap<(Family, String, String), usize> = HashMap::new();
    for object in document.nftables {
        if let Some(chain) = object.chain.and_then(chain) {
            let key = (chain.family, chain.table.clone(), chain.name.clone());
            places.insert(key, chains.len());
            chains.push(chain);
        }
        if let Some(rule) = object.rule.and_then(|rule| read_rule(&rule, &texts, &maps)) {
            let key = (rule.family, rule.table.clone(), rule.chain.clone());
            if let Some(chain) = places.get(&key).and_then(|place| chains.get_mut(*place)) {
                chain.rules.push(rule);
            }
        }
    }
    Ok(chains)
}

fn chain(object: ChainObject) -> Option<Chain> {
    let family = family(&object.family)?;
    let (table, name) = (super::name(&object.table), super::name(&object.name));
    let hook = object.hook.as_deref().and_then(hook);
    // A chain without a word on its policy accepts.
    let policy = object.policy.filter(|_| hook.is_some()).map(|policy| {
        let hook = object.hook.as_deref().unwrap_or_default();
        let (kind, priority) = (&object.kind, &object.prio);
        let text = format!("type {kind} hook {hook} priority {priority}; policy {policy};");
        let rule = FilterRule {
            table: table.clone(),
            chain: name.clone(),
            verdict: Some(if policy == "drop" { Verdict::Drop } else { Verdict::Accept }),
            ..FilterRule::from_text(Tool::Nft, family, Position::Policy, &text)
        };
        rule.with_vpn()
    });
    Some(Chain { tool: Tool::Nft, family, table, name, hook, policy, rules: Vec::new() })
}

fn read_rule(object: &RuleObject, texts: &Texts<'_>, maps: &Maps) -> Option<FilterRule> {
    let family = family(&object.family)?;
    let effect = Effect::from_statements(&object.expr, |name| {
        maps.get(&(family, object.table.clone(), name.to_owned())).cloned().unwrap_or_default()
    });
    let known = texts.get(&(object.family.as_str(), object.table.as_str(), object.handle));
    let text = match known {
        Some(text) => without_figures(text),
        None => Value::from(object.expr.clone()).to_string(),
    };
    let rule = FilterRule {
        table: super::name(&object.table),
        chain: super::name(&object.chain),
        packets: effect.packets,
        verdict: effect.verdict,
        leads_to: effect.leads_to,
        sources: effect.scope.sources,
        narrowed: effect.scope.narrowed,
        ..FilterRule::from_text(Tool::Nft, family, Position::Handle(object.handle), &text)
    };
    Some(rule.with_vpn())
}

fn family(name: &str) -> Option<Family> {
    match name {
        "ip" => Some(Family::Ip),
        "inet" => Some(Family::Inet),
        "netdev" => Some(Family::Netdev),
        _ => None,
    }
}

fn hook(name: &str) -> Option<Hook> {
    Some(match name {
        "ingress" => Hook::Ingress,
        "prerouting" => Hook::Prerouting,
        "input" => Hook::Input,
        "forward" => Hook::Forward,
        "output" => Hook::Output,
        "postrouting" => Hook::Postrouting,
        "egress" => Hook::Egress,
        _ => return None,
    })
}

/// The chains that each named verdict map leads to.
fn maps(document: &Document) -> Maps {
    let maps = document.nftables.iter().filter_map(|object| object.map.as_ref());
    maps.filter_map(|map| {
        let targets = super::statement::targets(&map.elem);
        Some(((family(&map.family)?, map.table.clone(), map.name.clone()), targets))
    })
    .collect()
}

/// Lines of text by family, table and handle; a handle is one object's alone in its table.
type Texts<'a> = HashMap<(&'a str, &'a str, u64), &'a str>;

fn texts(listing: &str) -> Texts<'_> {
    let mut texts = HashMap::new();
    let mut table = None;
    for line in listing.lines() {
        let Some((text, handle)) = line.rsplit_once(" # handle ") else { continue };
        if let Some(header) = text.strip_prefix("table ") {
            let name = header.trim_end_matches(" {");
            table = name.split_once(' ');
        } else if let (Some((family, table)), Ok(handle)) = (table, handle.parse()) {
            // The end of a chain without a name: its rule takes several lines.
            if text.trim() != "}" {
                texts.insert((family, table, handle), text.trim());
            }
        }
    }
    texts
}

/// The text without what changes with each packet: `counter packets 5 bytes 300`.
fn without_figures(text: &str) -> String {
    let mut kept: Vec<&str> = Vec::new();
    let mut words = text.split_whitespace();
    while let Some(word) = words.next() {
        if word == "packets" && kept.last() == Some(&"counter") {
            words.by_ref().take(3).for_each(drop);
        } else {
            kept.push(word);
        }
    }
    kept.join(" ")
}

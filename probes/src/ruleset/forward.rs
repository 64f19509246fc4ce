//! From two readings of the rules to those that a forwarded packet fell to in between.

use std::collections::{HashMap, HashSet};

use super::chains::Chains;
use super::{Chain, Family, FilterRule, Hook, Position, Ruleset, Tool, Verdict};

/// The hooks that a forwarded packet passes, in its order.
const PASSED: [Hook; 5] =
    [Hook::Ingress, Hook::Prerouting, Hook::Forward, Hook::Postrouting, Hook::Egress];

/// The rules and policies that dropped or refused packets between two readings, on the way that
/// forwarded packets take, and how many each.
///
/// The packets of others count too, so more than one may be named. If nothing that counts accounts
/// for a loss, the drop policies of forward chains that do not count are named, and marked as
/// inferred.
pub fn dropped_between(before: &Ruleset, after: &Ruleset) -> Vec<FilterRule> {
    let between = difference(before, after);
    let chains = Chains::from_ruleset(&between);
    let reached = chains.reached_from(chains.entered_by(&PASSED), is_met);
    let rules = reached.iter().flat_map(|chain| &chain.rules);
    let policies = reached.iter().filter_map(|chain| chain.policy.as_ref());
    let counted: Vec<FilterRule> =
        rules.chain(policies).filter(|rule| loses(rule) && has_moved(rule)).cloned().collect();
    if counted.is_empty() { uncounted_policies(&chains) } else { counted }
}

/// The drop policies of forward chains that do not count, and to which a packet can have come.
fn uncounted_policies(chains: &Chains<'_>) -> Vec<FilterRule> {
    let accepts = |chain: &&Chain| {
        let mut rules = chain.rules.iter();
        rules.any(|rule| rule.verdict == Some(Verdict::Accept) && has_moved(rule))
    };
    chains
        .entered_by(&[Hook::Forward])
        .into_iter()
        // What a rule accepted never came to the policy.
        .filter(|chain| !chains.reached_from(vec![*chain], is_met).iter().any(accepts))
        .filter_map(|chain| chain.policy.as_ref())
        .filter(|policy| policy.verdict == Some(Verdict::Drop) && policy.packets.is_none())
        .map(|policy| FilterRule { inferred: true, ..policy.clone() })
        .collect()
}

/// Whether the rule may have been met: it was, or it does not count.
fn is_met(rule: &FilterRule) -> bool {
    rule.packets != Some(0)
}

fn has_moved(rule: &FilterRule) -> bool {
    rule.packets.is_some_and(|packets| packets > 0)
}

fn loses(rule: &FilterRule) -> bool {
    matches!(rule.verdict, Some(Verdict::Drop | Verdict::Reject))
}

/// The later ruleset, with what was counted in between in place of the counters.
fn difference(before: &Ruleset, after: &Ruleset) -> Ruleset {
    let mut earlier = HashMap::new();
    for chain in &before.chains {
        let identities = identities(chain).into_iter();
        earlier.extend(identities.zip(rules(chain)).map(|(id, rule)| (id, rule.packets)));
    }
    // Without an earlier reading, a counter says nothing of what happened in between.
    let tables: HashSet<_> = before.chains.iter().map(table).collect();
    let mut between = after.clone();
    between.chains.retain(|chain| tables.contains(&table(chain)));
    for chain in &mut between.chains {
        let then: Vec<Option<u64>> =
            identities(chain).iter().map(|id| earlier.get(id).copied().flatten()).collect();
        for (rule, then) in chain.rules.iter_mut().chain(&mut chain.policy).zip(then) {
            // A rule that was not there, or was reset, has counted from 0.
            let since = |now: u64| now.checked_sub(then.unwrap_or(0)).unwrap_or(now);
            rule.packets = rule.packets.map(since);
        }
    }
    between
}

/// What makes a rule the same in two readings. Rules of iptables change their numbers when another
/// is put before them, and several may have the same text.
#[derive(PartialEq, Eq, Hash)]
struct Identity {
    tool: Tool,
    family: Family,
    table: String,
    chain: String,
    text: String,
    handle: Option<u64>,
    /// How many rules of the chain without a handle and with the same text come before.
    repetition: usize,
}

fn table(chain: &Chain) -> (Tool, Family, &str) {
    (chain.tool, chain.family, &chain.table)
}

fn rules(chain: &Chain) -> impl Iterator<Item = &FilterRule> {
    chain.rules.iter().chain(&chain.policy)
}

/// The identities of a chain's rules, and of its policy at the end.
fn identities(chain: &Chain) -> Vec<Identity> {
    let mut repetitions: HashMap<&str, usize> = HashMap::new();
    let identity = |rule| identity(rule, &mut repetitions);
    rules(chain).map(identity).collect()
}

fn identity<'a>(rule: &'a FilterRule, repetitions: &mut HashMap<&'a str, usize>) -> Identity {
    let (handle, repetition) = match rule.at {
        Position::Handle(handle) => (Some(handle), 0),
        Position::Number(_) | Position::Policy => {
            let count = repetitions.entry(&rule.text).or_default();
            *count += 1;
            (None, *count - 1)
        }
    };
    Identity {
        tool: rule.tool,
        family: rule.family,
        table: rule.table.clone(),
        chain: rule.chain.clone(),
        text: rule.text.clone(),
        handle,
        repetition,
    }
}

//! Which chains lead to which.

use std::collections::{HashMap, HashSet};

use super::{Chain, Family, FilterRule, Hook, Ruleset, Tool};

/// What tells a chain from all others.
type Name<'a> = (Tool, Family, &'a str, &'a str);

/// The chains of a ruleset, by their names.
pub(super) struct Chains<'a> {
    all: &'a [Chain],
    named: HashMap<Name<'a>, &'a Chain>,
}

impl<'a> Chains<'a> {
    pub(super) fn from_ruleset(ruleset: &'a Ruleset) -> Self {
        let named = ruleset.chains.iter().map(|chain| (name(chain), chain)).collect();
        Self { all: &ruleset.chains, named }
    }

    /// The chains that packets enter by these hooks, in the order of the hooks.
    pub(super) fn entered_by(&self, hooks: &[Hook]) -> Vec<&'a Chain> {
        let at = |hook: &Hook| {
            let hook = *hook;
            self.all.iter().filter(move |chain| chain.hook == Some(hook))
        };
        hooks.iter().flat_map(at).collect()
    }

    /// These chains, and after them those that their rules lead to, as long as `follow` is true of
    /// the rules.
    pub(super) fn reached_from(
        &self,
        mut reached: Vec<&'a Chain>,
        follow: impl Fn(&FilterRule) -> bool,
    ) -> Vec<&'a Chain> {
        let mut known: HashSet<Name<'a>> = reached.iter().map(|chain| name(chain)).collect();
        let mut next = 0;
        while let Some(chain) = reached.get(next).copied() {
            next += 1;
            let targets = chain.rules.iter().filter(|rule| follow(rule));
            for target in targets.flat_map(|rule| &rule.leads_to) {
                let target = (chain.tool, chain.family, chain.table.as_str(), target.as_str());
                if let Some(chain) = self.named.get(&target).copied()
                    && known.insert(name(chain))
                {
                    reached.push(chain);
                }
            }
        }
        reached
    }
}

fn name(chain: &Chain) -> Name<'_> {
    (chain.tool, chain.family, &chain.table, &chain.name)
}

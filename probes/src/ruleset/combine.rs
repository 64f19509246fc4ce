//! From what each tool lists to one ruleset.

use super::iptables::Listing;
use super::{Chain, Family, Ruleset, RulesetError, Tool};

/// What each tool lists: nothing where it is not installed, or need not be asked.
pub(super) struct Listings {
    pub(super) nft: Result<Option<Vec<Chain>>, RulesetError>,
    pub(super) iptables: Result<Option<Listing>, RulesetError>,
    pub(super) legacy: Result<Option<Listing>, RulesetError>,
    pub(super) are_legacy_tables_loaded: bool,
}

/// One ruleset from all listings, in which no rule stands twice.
pub(super) fn combine(listings: Listings) -> Result<Ruleset, RulesetError> {
    let Listings { nft, iptables, legacy, are_legacy_tables_loaded } = listings;
    if matches!((&nft, &iptables, &legacy), (Ok(None), Ok(None), Ok(None))) {
        return Err(RulesetError::NoTool);
    }
    let mut failures = Vec::new();
    let nft = unless_failed(Tool::Nft, nft, &mut failures);
    let iptables = unless_failed(Tool::Iptables, iptables, &mut failures);
    let legacy = unless_failed(Tool::IptablesLegacy, legacy, &mut failures);
    let mut unread: Vec<Tool> = failures.iter().map(|(tool, _)| *tool).collect();
    let why = failures.first().map(|(_, error)| error.why());
    if nft.is_none()
        && iptables.is_none()
        && legacy.is_none()
        && let Some((_, error)) = failures.into_iter().next()
    {
        return Err(error);
    }
    let is_iptables_legacy = iptables.as_ref().is_some_and(|listing| !listing.of_nf_tables);
    let is_nft_missing =
        nft.is_none() && iptables.as_ref().is_some_and(|listing| listing.is_partial);
    let is_legacy_missing = are_legacy_tables_loaded && legacy.is_none() && !is_iptables_legacy;
    for (is_missing, tool) in
        [(is_nft_missing, Tool::Nft), (is_legacy_missing, Tool::IptablesLegacy)]
    {
        if is_missing && !unread.contains(&tool) {
            unread.push(tool);
        }
    }
    let mut chains = nft.unwrap_or_default();
    if let Some(iptables) = iptables {
        // The newer iptables keeps its rules in nft's tables `ip filter` and the like. It prints
        // those that are wholly its own, with the matches that nft cannot show.
        chains.retain(|chain| {
            !(iptables.of_nf_tables && chain.family == Family::Ip && iptables.prints(&chain.table))
        });
        chains.extend(iptables.chains);
    }
    // Where `iptables` is the older of the two, it has listed them already.
    if !is_iptables_legacy {
        chains.extend(legacy.map(|listing| listing.chains).unwrap_or_default());
    }
    Ok(Ruleset { chains, unread, why })
}

fn unless_failed<T>(
    tool: Tool,
    listing: Result<Option<T>, RulesetError>,
    failures: &mut Vec<(Tool, RulesetError)>,
) -> Option<T> {
    listing.unwrap_or_else(|error| {
        failures.push((tool, error));
        None
    })
}

//! What the kernel, the engine and the firewall's tools say.

use edgeprobe_probes::{engine, route, ruleset, trace};

use crate::shown::{assert_clean, text};

pub(crate) fn engine(bytes: &[u8]) {
    assert_clean(&engine::fuzzing::answer(bytes));
}

pub(crate) fn engine_log(bytes: &[u8]) {
    assert_clean(&engine::fuzzing::log(bytes));
}

pub(crate) fn iptables(bytes: &[u8]) {
    let ruleset = ruleset::fuzzing::iptables(&text(bytes));
    assert_clean(&ruleset);
    if let Some(ruleset) = ruleset {
        let _ = ruleset::masquerades(&ruleset, &"172.18.0.0/16".parse().unwrap());
        let _ = ruleset::dropped_between(&ruleset, &ruleset);
    }
}

/// The structure, and after a zero the text.
pub(crate) fn nft(bytes: &[u8]) {
    let text = text(bytes);
    let (document, listing) = text.split_once('\0').unwrap_or((&text, ""));
    let ruleset = ruleset::fuzzing::nft(document, listing);
    assert_clean(&ruleset);
    if let Some(ruleset) = ruleset {
        let _ = ruleset::masquerades(&ruleset, &"172.18.0.0/16".parse().unwrap());
        let _ = ruleset::dropped_between(&ruleset, &ruleset);
    }
}

pub(crate) fn netlink(bytes: &[u8]) {
    assert_clean(&route::fuzzing::messages(bytes));
}

pub(crate) fn xfrm(bytes: &[u8]) {
    assert_clean(&route::fuzzing::policies(bytes));
}

pub(crate) fn packet(bytes: &[u8]) {
    assert_clean(&trace::fuzzing::packet(bytes));
}

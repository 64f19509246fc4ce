//! Recorded reports and bundles.

use std::sync::LazyLock;

use edgeprobe::bundle::Anonymiser;
use edgeprobe::report::human::{self, Detail};
use edgeprobe::report::{Report, json, junit, markdown, nagios, prometheus, short};
use edgeprobe::verdict::{Language, judge};
use edgeprobe::{cli, sources};
use serde_json::{Map, Value};

use crate::shown::{assert_clean, assert_coloured, assert_text};

/// A file that is to be a report or a bundle.
pub(crate) fn recorded(bytes: &[u8]) {
    if let Ok(text) = sources::fuzzing::report(bytes) {
        drop(cli::fuzzing::report(&text));
    }
}

/// The text of a report: judged anew, told in every form, and without what tells whose it is.
pub(crate) fn replay(bytes: &[u8]) {
    let Ok(text) = sources::fuzzing::report(bytes) else { return };
    if let Some(report) = cli::fuzzing::report(&text) {
        told(report);
    }
}

fn told(mut report: Report) {
    for language in Language::ALL {
        report.verdict = judge(&report.target, &report.observations, language);
        report.vpn = report.vpn.take().map(|vpn| vpn.again(&report, language));
        assert_clean(&report);
        assert_coloured(&human::text(&report, Detail::Verbose, language));
        assert_coloured(&human::vpn::text(&report, language));
        assert_text(&markdown::text(&report, language));
        assert_text(&nagios::text(&report, language));
        assert_coloured(&short::text(&report, language));
        assert_text(&junit::text(&report, language).unwrap());
    }
    assert_text(&prometheus::text(&report));
    let document = json::document(&report).unwrap();
    let again: Report = serde_json::from_str(&document).unwrap();
    assert_eq!(again.verdict, report.verdict);
    let mut anonymiser = Anonymiser::new(Some(&report), [], &[], &[], &[]);
    let _ = anonymiser.document(&document);
    let _ = anonymiser.report(&report, Language::English);
}

static RECORDED: LazyLock<Vec<Value>> = LazyLock::new(|| {
    [
        include_str!("../../golden/demo-dns-host-failure.json"),
        include_str!("../../golden/demo-healthy.json"),
        include_str!("../../golden/demo-port-in-use.json"),
        include_str!("../../golden/lab-vpn-kill-switch-forward.json"),
        include_str!("../../golden/lab-proxy-forbids-registry.json"),
        include_str!("../../golden/lab-ip-forward-off.json"),
    ]
    .map(|text| serde_json::from_str(text).unwrap())
    .into()
});

/// A recorded report in which values were changed, moved, repeated and left out: the first byte says
/// which report, and each four bytes after it change one value.
pub(crate) fn report_tree(bytes: &[u8]) {
    let Some((first, changes)) = bytes.split_first() else { return };
    let mut report = RECORDED[usize::from(*first) % RECORDED.len()].clone();
    for change in changes.chunks_exact(4).take(64) {
        let place = usize::from(u16::from_be_bytes([change[0], change[1]]));
        change_one(&mut report, place, change[2], change[3]);
    }
    if let Some(report) = cli::fuzzing::report(&report.to_string()) {
        told(report);
    }
}

/// Changes the value at a place, counted in the order of the document.
fn change_one(report: &mut Value, place: usize, how: u8, which: u8) {
    let count = count(report);
    let other = nth(report, &mut ((usize::from(which) * 97) % count)).cloned();
    let Some(value) = nth_mut(report, &mut (place % count)) else { return };
    *value = match (how % 16, std::mem::take(value)) {
        (0, _) => Value::Null,
        (1, _) => u64::from(which).into(),
        (2, _) => [0, -1, i64::MIN, i64::MAX, 65_535, 65_536][usize::from(which) % 6].into(),
        (3, _) => Value::from([0.0, -1.0, 1e300, 1e-300, 0.5][usize::from(which) % 5]),
        (4, _) => which.is_multiple_of(2).into(),
        (5, _) => WORDS[usize::from(which) % WORDS.len()].into(),
        (6, Value::Array(items)) => items.iter().chain(&items).cloned().collect(),
        (7, Value::Array(mut items)) => {
            items.truncate(usize::from(which) % 4);
            items.into()
        }
        (8, Value::Array(mut items)) => {
            items.reverse();
            items.into()
        }
        (9, Value::Object(members)) => {
            let skip = usize::from(which) % members.len().max(1);
            let kept = members.into_iter().enumerate().filter(|(index, _)| *index != skip);
            kept.map(|(_, member)| member).collect::<Map<_, _>>().into()
        }
        (10, Value::String(text)) => format!("{text}{}", char::from(which)).into(),
        (11, Value::String(text)) => text.chars().rev().collect::<String>().into(),
        (_, value) => other.unwrap_or(value),
    };
}

const WORDS: [&str; 14] = [
    "",
    "0.0.0.0",
    "::",
    "255.255.255.255/32",
    "0.0.0.0/0",
    "::/0",
    "azure-iot-edge",
    "host",
    "bridge:x",
    "hub.azure-devices.net",
    "\u{202e}\u{1b}[31m",
    "tun0",
    "http://u:p@h:1",
    "0123456789012345678901234567890123456789012345678901234567890123456789",
];

fn count(value: &Value) -> usize {
    1 + match value {
        Value::Array(items) => items.iter().map(count).sum(),
        Value::Object(members) => members.values().map(count).sum(),
        _ => 0,
    }
}

fn nth<'v>(value: &'v Value, left: &mut usize) -> Option<&'v Value> {
    if *left == 0 {
        return Some(value);
    }
    *left -= 1;
    match value {
        Value::Array(items) => items.iter().find_map(|item| nth(item, left)),
        Value::Object(members) => members.values().find_map(|member| nth(member, left)),
        _ => None,
    }
}

fn nth_mut<'v>(value: &'v mut Value, left: &mut usize) -> Option<&'v mut Value> {
    if *left == 0 {
        return Some(value);
    }
    *left -= 1;
    match value {
        Value::Array(items) => items.iter_mut().find_map(|item| nth_mut(item, left)),
        Value::Object(members) => members.values_mut().find_map(|member| nth_mut(member, left)),
        _ => None,
    }
}

//! What holds for every log.

use std::fmt::Write as _;

use proptest::prelude::*;

use crate::corpus::cases;
use crate::{built_in, scanned};

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn no_bytes_make_it_fail(bytes in proptest::collection::vec(any::<u8>(), 0..4096), piece in 1..500_usize) {
        scanned(built_in(), &bytes, piece);
    }

    /// Logs that were damaged on their way are read as far as they go.
    #[test]
    fn no_damage_makes_it_fail(place in any::<prop::sample::Index>(), at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let cases = cases();
        let mut log = place.get(&cases).text.clone().into_bytes();
        if !log.is_empty() {
            let at = at.index(log.len());
            log[at] = byte;
        }
        scanned(built_in(), &log, 4096);
    }
}

#[test]
fn pieces_of_any_size_give_the_same() {
    let signatures = built_in();
    for case in cases() {
        let whole = scanned(signatures, case.text.as_bytes(), usize::MAX);
        for piece in [1, 7, 4096] {
            assert_eq!(scanned(signatures, case.text.as_bytes(), piece), whole, "{}", case.name);
        }
    }
}

/// Ten times the findings that are kept, each with words of its own.
#[test]
fn what_differs_without_end_is_kept_within_bounds() {
    let mut log = String::new();
    for number in 0..20_000 {
        writeln!(log, "Could not connect to host{number}.example : could not resolve hostname")
            .unwrap();
    }
    let report = scanned(built_in(), log.as_bytes(), 65_536);
    assert!(report.findings.len() <= 256, "{}", report.findings.len());
    assert!(report.sources[0].notes[0].starts_with("19968 more matching lines"), "{report:?}");
}

#[test]
fn a_line_without_end_is_cut_and_said_to_be() {
    let mut log = vec![b'x'; 1 << 20];
    log.extend_from_slice(b"\nBind for 0.0.0.0:443 failed: port is already allocated\n");
    let report = scanned(built_in(), &log, 65_536);
    assert_eq!(report.findings[0].first_line, 2);
    assert!(report.sources[0].notes[0].contains("longer than 64 KiB"));
}

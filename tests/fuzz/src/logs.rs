//! Logs.

use std::ops::ControlFlow;
use std::sync::LazyLock;

use edgeprobe::logs::{Origin, Scanned, Scanner, Signatures, judge};
use edgeprobe::report::human;
use edgeprobe::sources::{Piece, fuzzing};
use edgeprobe::verdict::Language;

use crate::shown::{assert_clean, assert_coloured};

/// 2026-01-01, in milliseconds since 1970.
const NOW: i64 = 1_767_225_600_000;

/// How much of what unpacks without end is read.
const MOST: usize = 4 << 20;

static SIGNATURES: LazyLock<Signatures> = LazyLock::new(|| Signatures::load(None).unwrap());

fn scanner(language: Language) -> Scanner<'static> {
    let now = Some(NOW);
    let name = "edgeAgent.log".to_owned();
    Scanner::new(&SIGNATURES, Origin { name, now, language, ..Origin::default() })
}

fn scanned(bytes: &[u8], piece: usize, language: Language) -> Scanned {
    let mut scanner = scanner(language);
    bytes.chunks(piece).for_each(|piece| scanner.feed(piece));
    scanner.finish();
    scanner.scanned()
}

/// A log's bytes, held against all signatures. Where they are cut makes no difference.
pub(crate) fn log(bytes: &[u8]) {
    let whole = scanned(bytes, usize::MAX, Language::English);
    assert_clean(&whole.findings);
    assert_eq!(whole.findings, scanned(bytes, 7, Language::English).findings);
    told(vec![whole], Language::English);
    told(vec![scanned(bytes, usize::MAX, Language::French)], Language::French);
}

/// The same, in whatever it is packed in.
pub(crate) fn log_file(bytes: &[u8]) {
    let mut current = None;
    let mut done = Vec::new();
    let mut length = 0;
    let _ = fuzzing::read(bytes, &mut |piece| {
        match piece {
            Piece::Begins(log) => {
                assert_clean(&log.container);
                done.extend(current.replace(scanner(Language::English)));
            }
            Piece::Bytes(bytes) => {
                length += bytes.len();
                if let Some(scanner) = &mut current {
                    scanner.feed(bytes);
                }
            }
            Piece::Note(_) => {}
        }
        if length > MOST { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    let all = done.into_iter().chain(current).map(|mut scanner: Scanner<'_>| {
        scanner.finish();
        scanner.scanned()
    });
    told(all.collect(), Language::English);
}

fn told(scanned: Vec<Scanned>, language: Language) {
    let report = judge(scanned, language);
    assert_clean(&report);
    assert_coloured(&human::logs::text(&report, language));
}

//! What must be found in logs, and what must not.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::print_stdout)]

mod corpus;
mod facts;
mod forms;
mod properties;
#[path = "../renew/mod.rs"]
mod renew;
mod reports;
mod signatures;

use std::sync::LazyLock;

use edgeprobe::language::Language;
use edgeprobe::logs::{LogReport, Origin, Scanner, Signatures, judge};

/// The verdict on one log that comes in pieces of this size.
fn scanned(signatures: &Signatures, log: &[u8], piece: usize) -> LogReport {
    let origin = Origin { name: "test.log".to_owned(), ..Origin::default() };
    let mut scanner = Scanner::new(signatures, origin);
    for bytes in log.chunks(piece) {
        scanner.feed(bytes);
    }
    scanner.finish();
    judge(vec![scanner.scanned()], Language::English)
}

fn built_in() -> &'static Signatures {
    static SIGNATURES: LazyLock<Signatures> =
        LazyLock::new(|| Signatures::load(None).expect("the built-in signatures are good"));
    &SIGNATURES
}

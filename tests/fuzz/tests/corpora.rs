//! Runs what fuzzers left, and what they began with, through every reader.
//!
//! fuzz/seeds has inputs that somebody wrote, fuzz/corpus those that reached something new, and
//! fuzz/findings those that once broke a reader.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test that panics has found something"
)]

use std::fs;
use std::path::{Path, PathBuf};

use edgeprobe_fuzz_targets::TARGETS;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz")
}

fn inputs(target: &str) -> Vec<PathBuf> {
    let folders = ["seeds", "corpus", "findings"].map(|kind| folder().join(kind).join(target));
    let files = folders.iter().filter_map(|folder| fs::read_dir(folder).ok()).flatten();
    files.map(|entry| entry.unwrap().path()).collect()
}

#[test]
fn no_input_upsets_its_reader() {
    for target in TARGETS {
        let inputs = inputs(target.name);
        assert!(inputs.len() > 3, "there is no corpus of {}", target.name);
        for input in inputs {
            let bytes = fs::read(&input).unwrap();
            let run = std::panic::catch_unwind(|| (target.run)(&bytes));
            assert!(run.is_ok(), "{} breaks on {}", target.name, input.display());
        }
    }
}

/// Of seeds that are longer than this the other readers make more of the same, and take their time.
const SHORT: usize = 512;

/// An input of one reader is an input of any other: what is a log to one is a name to the next.
#[test]
fn no_seed_upsets_another_reader() {
    for of in TARGETS {
        for seed in fs::read_dir(folder().join("seeds").join(of.name)).unwrap() {
            let bytes = fs::read(seed.unwrap().path()).unwrap();
            if bytes.len() > SHORT {
                continue;
            }
            for target in TARGETS {
                (target.run)(&bytes);
            }
        }
    }
}

//! The fuzzer of one reader, which the variable READER names.

#![no_main]

use std::sync::LazyLock;

use edgeprobe_fuzz_targets::{TARGETS, Target};

static TARGET: LazyLock<Target> = LazyLock::new(|| {
    let name = std::env::var("READER").unwrap_or_default();
    let target = TARGETS.iter().find(|target| target.name == name);
    *target.unwrap_or_else(|| panic!("READER={name} is no reader, see scripts/fuzz --list"))
});

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| (TARGET.run)(bytes));

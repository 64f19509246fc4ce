#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| edgeprobe_fuzz_targets::run("command_line", bytes));

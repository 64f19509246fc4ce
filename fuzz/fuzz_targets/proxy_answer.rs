#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| edgeprobe_fuzz_targets::run("proxy_answer", bytes));

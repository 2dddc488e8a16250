//! Feeds libFuzzer's bytes to the body of the same name.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| restante_fuzz_bodies::serial(data));

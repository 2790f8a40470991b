#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| godata_fuzz::cron::check(data));

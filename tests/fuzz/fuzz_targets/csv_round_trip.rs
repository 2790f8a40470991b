#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| godata_fuzz::csv_round_trip::check(data));

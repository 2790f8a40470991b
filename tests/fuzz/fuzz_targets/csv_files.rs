#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| godata_fuzz::csv_files::check(data));

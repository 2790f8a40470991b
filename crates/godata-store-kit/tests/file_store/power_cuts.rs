//! Power cuts: `cargo run --release -p godata-store-kit -- power-cuts 5000000` makes more of them.

use godata_store_kit::{file_store, power};

#[test]
fn no_power_cut_takes_what_was_acknowledged() {
    match power::hunt(0, 100_000, &file_store::open) {
        Ok(tally) => println!("{tally:?}"),
        Err(failure) => panic!("{failure}\nsaved in {:?}", failure.save()),
    }
}

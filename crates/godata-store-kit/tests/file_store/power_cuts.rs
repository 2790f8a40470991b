//! Power cuts: `cargo run --release -p godata-store-kit -- power-cuts 5000000` makes more of them.

use godata_core::Retention;
use godata_store_kit::power::Open;
use godata_store_kit::{file_store, power};

#[test]
fn no_power_cut_takes_what_was_acknowledged() {
    cut_power(100_000, Retention::new(), &file_store::open);
}

#[test]
fn no_power_cut_takes_what_is_not_to_be_forgotten() {
    let open = |disk: &_| file_store::open_keeping(disk, 1);
    cut_power(10_000, Retention::new().keep_newest(1), &open);
}

fn cut_power(images: u64, retention: Retention, open: &Open<'_>) {
    match power::hunt(0, images, retention, open) {
        Ok(tally) => println!("{tally:?}"),
        Err(failure) => panic!("{failure}\nsaved in {:?}", failure.save()),
    }
}

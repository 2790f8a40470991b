//! When the records of a reader are passed on.

#![allow(clippy::unwrap_used, reason = "a test that can't go on fails")]

use std::future::ready;
use std::sync::{Mutex, mpsc};
use std::time::Duration;

use godata_etl::{Pipeline, RunContext};

/// How long the test waits before it fails. A record that is passed on at once arrives much sooner.
const LONG: Duration = Duration::from_secs(20);

#[test]
fn the_first_records_of_an_iterator_are_passed_on_before_it_has_more() {
    let (sender, written) = mpsc::channel();
    let written = Mutex::new(Some(written));
    let items = move |_: &RunContext| {
        let written = written.lock().unwrap().take().unwrap();
        let waits = move |&n: &u32| n != 16 || written.recv_timeout(LONG).is_ok();
        (0..40).take_while(waits)
    };
    let pipeline = Pipeline::builder("echo")
        .read_iter(items)
        .write_fn(move |_, _: Vec<u32>| {
            // Nothing receives the later ones.
            let _ = sender.send(());
            ready(Ok(()))
        })
        .unwrap();
    let report = pipeline.run_blocking(&RunContext::new()).unwrap();
    assert_eq!(report.written.records, 40);
}

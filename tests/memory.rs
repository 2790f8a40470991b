//! The memory of a run does not grow with its input. This is a separate program because it measures the whole process.

use std::fs;

use godata::prelude::*;

/// The peak memory of this process in KiB; `None` where the system does not report it.
fn peak_resident_kib() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

#[test]
fn twenty_million_records_stay_under_64_mib() -> Result<(), BoxError> {
    let pipeline = Pipeline::builder("memory")
        .read_iter(|_| 0..20_000_000_u64)
        .filter(|n| n % 3 != 0)
        .map(|n| (n, n.wrapping_mul(31)))
        .write_fn(|_, _| std::future::ready(Ok(())))?;

    let report = pipeline.run_blocking(&RunContext::new())?;
    assert_eq!(report.read.records, 20_000_000);
    assert_eq!(report.written.records, 13_333_333);
    match peak_resident_kib() {
        Some(peak) => assert!(peak < 64 * 1024, "{peak} KiB"),
        None => println!("skipped: this system has no /proc/self/status to read the memory from"),
    }
    Ok(())
}

#[test]
fn records_with_names_of_their_own_stay_under_64_mib() -> Result<(), BoxError> {
    let folder = tempfile::tempdir()?;
    let lines: String = (0..100_000).map(|id| format!("{{\"user {id}\":1}}\n")).collect();
    let pipeline = Pipeline::builder("ids as keys")
        .workers(2)
        .read(jsonl::read_records(Input::bytes("ids", lines)))
        .transform(|r| {
            r.set("is_new", true);
            Ok(())
        })
        .write(jsonl::write(folder.path().join("out.jsonl")))?;

    let report = pipeline.run_blocking(&RunContext::new())?;
    assert_eq!(report.written.records, 100_000);
    match peak_resident_kib() {
        Some(peak) => assert!(peak < 64 * 1024, "{peak} KiB"),
        None => println!("skipped: this system has no /proc/self/status to read the memory from"),
    }
    Ok(())
}

#[test]
fn the_steps_that_compare_records_stay_under_64_mib_with_ten_times_their_memory() -> Result<(), BoxError> {
    const ROWS: u64 = 500_000;
    let rows = || Pipeline::builder("rows").read_iter(|_| (0..ROWS).map(row));
    let memory = || Memory::mib(8);
    let sorted = rows().sort_by(|(key, _)| key.clone(), memory());
    let grouped = sorted.group_by(|(key, _)| key.clone(), memory()).count();
    let distinct =
        grouped.map(|(key, count)| (key, count)).dedupe_by(|(key, _)| key.clone(), Keep::First, memory());
    let joined = distinct.join(rows(), |(key, _)| key.clone(), |(key, _)| key.clone(), Join::Inner, memory());
    let pipeline = joined
        .expect("each key is there once, with its record", |((key, count), row)| {
            *count == 1 && row.as_ref().is_some_and(|(other, _)| other == key)
        })
        .write_fn(|_, _| std::future::ready(Ok(())))?;

    let report = pipeline.run_blocking(&RunContext::new())?;
    assert_eq!(report.written.records, ROWS);
    match peak_resident_kib() {
        Some(peak) => assert!(peak < 64 * 1024, "{peak} KiB"),
        None => println!("skipped: this system has no /proc/self/status to read the memory from"),
    }
    Ok(())
}

/// A row of about 160 bytes, whose key is in no order.
fn row(number: u64) -> (String, String) {
    let key = number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (format!("{key:020}"), format!("{number:0>100}"))
}

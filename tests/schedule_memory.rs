//! Many schedules are small. A program of its own, since it looks at the whole process.

use std::fs;

use godata::scheduler::parse;
use godata::{AnySchedule, Schedule as _};
use time::UtcDateTime;

/// The most memory that this process has had in RAM, in KiB; `None` where the system does not say.
fn peak_resident_kib() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

#[test]
fn a_hundred_thousand_schedules_stay_under_64_mib() -> Result<(), Box<dyn std::error::Error>> {
    let zones = ["Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Sydney", "UTC"];
    let mut schedules: Vec<AnySchedule> = Vec::new();
    for n in 0..100_000 {
        let (minute, hour, zone) = (n % 60, n / 60 % 24, zones[n % zones.len()]);
        // Every tenth is a cron, of a thousand patterns.
        let pattern = n / 10 % 1_000;
        schedules.push(parse(&match n % 10 {
            0 => format!("cron {} {} * * 1-{} {zone}", pattern % 50, pattern / 50, n / 10 % 5 + 1),
            1..5 => format!("every {}s", n + 1),
            _ => format!("daily {hour:02}:{minute:02} mon-fri {zone}"),
        })?);
    }
    let now = UtcDateTime::from_unix_timestamp(1_774_700_000)?;
    assert!(schedules.iter().all(|schedule| schedule.next(now).is_some()));
    match peak_resident_kib() {
        Some(peak) => assert!(peak < 64 * 1024, "{peak} KiB"),
        None => println!("skipped: this system has no /proc/self/status to read the memory from"),
    }
    Ok(())
}

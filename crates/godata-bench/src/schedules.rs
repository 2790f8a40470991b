//! The cost of 100,000 schedules: time to build, memory, time to query.

use std::fs;
use std::time::Instant;

use godata_core::{BoxError, Schedule};
use godata_scheduler::AnySchedule;
use godata_scheduler::parse;
use time::UtcDateTime;

const SCHEDULES: usize = 100_000;
const PATTERNS: usize = 1_000;

/// Every tenth is a cron pattern, all different; half of the others are intervals, half are times of day in a few zones.
pub(crate) fn measure() -> Result<(), BoxError> {
    let zones = ["Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Sydney", "UTC"];
    let texts: Vec<String> = (0..SCHEDULES)
        .map(|n| {
            let (minute, hour, zone) = (n % 60, n / 60 % 24, zones[n % zones.len()]);
            match n % 10 {
                0 => {
                    let pattern = n / 10 % PATTERNS;
                    format!("cron {} {} * * {} {zone}", pattern % 50, pattern / 50 % 20, pattern % 7)
                }
                1..5 => format!("every {}s", n % 7_200 + 1),
                _ => format!("daily {hour:02}:{minute:02} mon-fri {zone}"),
            }
        })
        .collect();

    let before = resident_kib();
    let start = Instant::now();
    let schedules = texts.iter().map(|text| parse(text)).collect::<Result<Vec<AnySchedule>, _>>()?;
    let made = start.elapsed();
    let after = resident_kib();

    let now = UtcDateTime::from_unix_timestamp(1_774_700_000)?;
    let start = Instant::now();
    let due = schedules.iter().filter(|schedule| schedule.next(now).is_some()).count();
    let asked = start.elapsed();
    println!("{SCHEDULES} schedules, a tenth of them crons of {PATTERNS} patterns");
    println!("  made from text in   {:8.1} ms", made.as_secs_f64() * 1e3);
    println!("  asked for the next  {:8.1} ms ({due} have one)", asked.as_secs_f64() * 1e3);
    if let Some((before, after)) = before.zip(after) {
        println!("  kept in memory      {:8.1} MiB", (after - before) as f64 / 1024.0);
    }
    Ok(())
}

/// The resident memory of this process, in KiB; `None` if the system does not tell it.
fn resident_kib() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmRSS:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

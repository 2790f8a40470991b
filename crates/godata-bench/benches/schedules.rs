//! The cost of asking a schedule.

use std::hint::black_box;
use std::time::Duration;

use criterion::{Criterion, criterion_group, criterion_main};
use godata_core::Schedule;
use godata_scheduler::AnySchedule;
use godata_scheduler::{HORIZON, parse};
use time::UtcDateTime;

/// One schedule of each kind; `worst` are the slowest known among those that can be built.
const SCHEDULES: [(&str, &str); 13] = [
    ("interval", "every 5m"),
    ("daily", "daily 02:30 Europe/Berlin"),
    ("daily, workdays", "daily 02:00,14:30 mon-fri America/New_York"),
    ("monthly", "monthly 1,last-fri 18:00 Europe/Berlin"),
    ("everyday cron", "cron 0 2 * * * Europe/Berlin"),
    ("everyday cron, wildcard", "cron */15 9-17 * * MON-FRI Europe/Berlin"),
    ("any of three", "any(daily 02:30 Europe/Berlin; every 6h; cron 0 18 * * FRI Europe/Berlin)"),
    ("except holidays", "except(daily 02:30 Europe/Berlin; sat,sun 12-24 12-25 12-26 Europe/Berlin)"),
    ("worst cron", "cron 59 59 23 29 2 +MON Africa/Casablanca"),
    ("worst exception", "except(cron 0 12 29 2 * Europe/Berlin; tue-sun Europe/Berlin)"),
    ("worst range", "except(every 1ms; 1970-01-01..2199-12-30 Europe/Berlin)"),
    (
        "worst days of another",
        "except(every 1h; on(between(daily 03:00 Europe/Berlin; 2044-02-01T00:00:00Z..2045-04-01T00:00:00Z)) \
         Europe/Berlin)",
    ),
    (
        "worst weekdays and days of another",
        "except(daily 02:00 Europe/Berlin; on(between(daily 03:00 mon,wed,fri,sun Europe/Berlin; \
         2044-02-01T00:00:00Z..2046-07-01T00:00:00Z)) tue,thu,sat)",
    ),
];

fn schedule(text: &str) -> AnySchedule {
    parse(text).expect("the text is one of a schedule")
}

/// An instant in 2026, and the one with the longest wait for a leap day on a Monday.
fn instants() -> [UtcDateTime; 2] {
    [1_774_700_000, 2_340_000_000]
        .map(|second| UtcDateTime::from_unix_timestamp(second).expect("it is a year of four digits"))
}

fn next(c: &mut Criterion) {
    let mut group = c.benchmark_group("next");
    group.measurement_time(Duration::from_secs(2));
    for (name, text) in SCHEDULES {
        let schedule = schedule(text);
        let [everyday, late] = instants();
        let after = match name {
            "worst range" => HORIZON.start,
            _ if name.starts_with("worst") => late,
            _ => everyday,
        };
        group.bench_function(name, |b| b.iter(|| schedule.next(black_box(after))));
    }
    let many = schedule(&format!("any({})", ["cron 0 2 * * * Europe/Berlin"; 450].join("; ")));
    let [everyday, _] = instants();
    group.bench_function("worst number", |b| b.iter(|| many.next(black_box(everyday))));
    group.finish();
}

fn others(c: &mut Criterion) {
    let mut group = c.benchmark_group("others");
    group.measurement_time(Duration::from_secs(2));
    let daily = schedule("daily 02:30 Europe/Berlin");
    let [instant, _] = instants();
    let ranges = [
        ("count of a year, daily", instant..instant + Duration::from_secs(365 * 86_400)),
        ("count of 230 years, daily", HORIZON),
    ];
    for (name, range) in ranges {
        group.bench_function(name, |b| b.iter(|| daily.count_between(black_box(range.start), range.end)));
    }
    group.bench_function("previous, daily", |b| b.iter(|| daily.previous(black_box(instant))));
    let texts =
        [("parse, daily", "daily 02:30 Europe/Berlin"), ("parse, cron that nobody has", "cron 0 2 * * *")];
    for (name, text) in texts {
        group.bench_function(name, |b| b.iter(|| parse(black_box(text))));
    }
    for never in [
        "cron 0 0 30 2 *",
        "except(every 1s; mon-sun)",
        "except(daily 02:00 mon,wed,fri,sun; on(daily 03:00 mon,wed,fri,sun))",
        "except(daily 02:00; on(daily 03:00 Europe/Berlin) Europe/Berlin)",
        "except(every 1ms; on(daily 03:00 Africa/Casablanca) Africa/Casablanca)",
        "except(every 1h; on(any(daily 00:00 mon; daily 01:00 tue; daily 02:00 wed; daily 03:00 thu-sun)))",
    ] {
        group.bench_function(format!("refuse `{never}`"), |b| b.iter(|| parse(black_box(never)).is_err()));
    }
    group.finish();
}

criterion_group!(benches, next, others);
criterion_main!(benches);

//! A schedule with a start and an end that skips weekends, holidays, a maintenance window and the days of another schedule.
//!
//!     cargo run -p full-examples --example schedule_calendar

use godata::scheduler::{Calendar, DailyAt, ScheduleExt, Zone, parse};
use godata::{BoxError, Schedule};
use time::{Date, Month, Time, UtcDateTime, Weekday};

/// This could be read from a file.
const HOLIDAYS: &str = "
# every year
01-01  New Year
12-25  Christmas Day
12-26  Boxing Day
# movable
2026-04-03  Good Friday
2026-04-06  Easter Monday
";

fn main() -> Result<(), BoxError> {
    let zone = Zone::new("Europe/London")?;
    let maintenance =
        Date::from_calendar_date(2026, Month::April, 14)?..=Date::from_calendar_date(2026, Month::April, 16)?;
    let off = Calendar::new()
        .in_zone(zone.clone())
        .weekdays([Weekday::Saturday, Weekday::Sunday])
        .holidays(HOLIDAYS)?
        .range(maintenance)?
        .days_of(parse("monthly last-fri 18:00 Europe/London")?);

    // 2026-03-31 00:00 UTC
    let start = UtcDateTime::from_unix_timestamp(1_774_915_200)?;
    let end = start + time::Duration::days(31);
    let report =
        DailyAt::new([Time::from_hms(6, 0, 0)?])?.in_zone(zone.clone()).except(off)?.between(start..end)?;

    println!("{}", report.describe());
    println!("as text: {report}");
    for due in report.upcoming(start) {
        let local = zone.local(due);
        println!("  {:9} {}", local.weekday().to_string(), local.date());
    }
    println!("{} times in all", report.count_between(start, end));

    // Parsing its text, from a configuration file for example, gives the same schedule.
    assert!(parse(&report.spec())?.upcoming(start).eq(report.upcoming(start)));
    Ok(())
}

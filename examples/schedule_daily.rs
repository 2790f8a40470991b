//! Schedules from code and from text: their descriptions, and when they fire next.
//!
//!     cargo run -p full-examples --example schedule_daily

use std::time::Duration;

use godata::scheduler::{DailyAt, MonthDay, MonthlyAt, ScheduleExt, Zone, every, parse};
use godata::{AnySchedule, BoxError, Schedule};
use time::{Time, UtcDateTime, Weekday};

fn main() -> Result<(), BoxError> {
    let zone = Zone::new("Europe/Berlin")?;
    let schedules: [AnySchedule; 5] = [
        AnySchedule::new(every(Duration::from_secs(6 * 3_600))?),
        AnySchedule::new(
            DailyAt::new([Time::from_hms(2, 0, 0)?, Time::from_hms(14, 30, 0)?])?
                .on([Weekday::Monday, Weekday::Wednesday, Weekday::Friday])?
                .in_zone(zone.clone()),
        ),
        AnySchedule::new(
            MonthlyAt::new(
                [MonthDay::Last, MonthDay::Nth(2, Weekday::Tuesday)],
                [Time::from_hms(18, 0, 0)?],
            )?
            .in_zone(zone.clone()),
        ),
        parse("daily 07:00 sat,sun Europe/Berlin")?,
        parse("monthly last-fri 18:00 Europe/Berlin")?,
    ];

    // Your program would ask the clock. A fixed time (2026-01-01 00:00 UTC) makes this example print the same every
    // time.
    let now = UtcDateTime::from_unix_timestamp(1_767_225_600)?;
    for schedule in &schedules {
        println!("{schedule}\n  {}", schedule.describe());
        for due in schedule.upcoming(now).take(3) {
            println!("    {}", zone.local(due));
        }
    }

    if let Err(error) = parse("daily 2am Europe/Berlin") {
        println!("and an error:\n  {error}");
    }
    Ok(())
}

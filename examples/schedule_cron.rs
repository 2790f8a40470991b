//! When cron patterns fire around the next two clock changes of a time zone, from the start of 2026.
//!
//!     cargo run -p full-examples --example schedule_cron [ZONE]

use std::time::Duration;

use godata::scheduler::{Cron, Dst, DstGap, DstOverlap, ScheduleExt, Zone};
use godata::{BoxError, Schedule};
use time::UtcDateTime;

fn main() -> Result<(), BoxError> {
    let name = std::env::args().nth(1);
    let zone = Zone::new(name.as_deref().unwrap_or("Europe/Berlin"))?;
    let fixed = Cron::new("30 2 * * *")?.in_zone(zone.clone())?;
    let schedules = [
        fixed.clone(),
        fixed.clone().dst(Dst::new().gap(DstGap::Shift).overlap(DstOverlap::Last))?,
        fixed.dst(Dst::new().gap(DstGap::Skip).overlap(DstOverlap::Both))?,
        Cron::new("*/30 1-3 * * *")?.in_zone(zone.clone())?,
    ];

    // 2026-01-01 00:00 UTC
    let mut change = UtcDateTime::from_unix_timestamp(1_767_225_600)?;
    for _ in 0..2 {
        let Some(next) = zone.next_clock_change(change) else {
            println!("{zone} has no more clock changes");
            break;
        };
        change = next;
        let second = Duration::from_secs(1);
        println!("after {} comes {}", zone.local(change - second), zone.local(change));
        for schedule in &schedules {
            println!("  {}", schedule.describe());
            for due in schedule.upcoming(change - Duration::from_secs(2 * 3_600)).take(5) {
                println!("    {}", zone.local(due));
            }
        }
    }
    Ok(())
}

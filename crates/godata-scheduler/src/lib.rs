//! Schedules that are right in every time zone: intervals, times of day, cron patterns and calendars.
//!
//! A schedule says when something is due, and nothing more. It has no clock, starts no task, and reads no file once it is
//! built. To run something on a schedule, give it to `godata-orchestrator`, or write a loop of your own around
//! [`next`](Schedule::next).
//!
//! # When to take this crate
//!
//! Take this crate for schedules without pipelines. The facade `godata` has it as its module `scheduler`. A library that
//! only *accepts* schedules, or a schedule of your own, needs just the trait [`Schedule`], which is in `godata-core` too.
//!
//! # Example
//!
//! A job's settings come from a file, and its next run is printed. In `Cargo.toml`:
//!
//! ```toml
//! [dependencies]
//! godata-scheduler = "0.1"
//! serde = { version = "1", features = ["derive"] }
//! serde_json = "1"
//! ```
//!
//! In `src/main.rs`:
//!
//! ```
//! use godata_scheduler::time::UtcDateTime;
//! use godata_scheduler::{AnySchedule, BoxError, Schedule, ScheduleExt};
//! use serde::Deserialize;
//!
//! #[derive(Deserialize)]
//! struct JobConfig {
//!     name: String,
//!     schedule: AnySchedule,
//! }
//!
//! fn main() -> Result<(), BoxError> {
//!     let text = r#"{"name": "orders", "schedule": "daily 02:00 mon-fri Europe/Berlin"}"#;
//!     let job: JobConfig = serde_json::from_str(text)?;
//!
//!     let now = UtcDateTime::from_unix_timestamp(1_774_612_800)?; // Friday 2026-03-27, 12:00 UTC
//!     let next = job.schedule.next(now).ok_or("the schedule has ended")?;
//!     println!("{} runs {}, next {next}", job.name, job.schedule.describe());
//!     assert_eq!(job.schedule.describe(), "at 02:00, Monday to Friday, Europe/Berlin time");
//!     assert_eq!(next.to_string(), "2026-03-30 0:00:00.0 +00");
//!     assert_eq!(job.schedule.upcoming(now).take_while(|due| due.month() == now.month()).count(), 2);
//!     Ok(())
//! }
//! ```
//!
//! The same from code, over the night in which the clocks go from 02:00 to 03:00:
//!
//! ```
//! use std::time::Duration;
//!
//! use godata_scheduler::time::{Time, UtcDateTime};
//! use godata_scheduler::{DailyAt, Schedule, ScheduleExt, Zone, every};
//!
//! let often = every(Duration::from_secs(300))?;
//! assert_eq!(often.describe(), "every 5 minutes");
//!
//! let berlin = Zone::new("Europe/Berlin")?;
//! let nightly = DailyAt::new([Time::from_hms(2, 30, 0)?])?.in_zone(berlin.clone());
//! let friday = UtcDateTime::from_unix_timestamp(1_774_612_800)?;
//! let local: Vec<_> = nightly.upcoming(friday).take(3).map(|due| berlin.local(due).to_string()).collect();
//! assert_eq!(
//!     local,
//!     ["2026-03-28 2:30:00.0 +01:00:00", "2026-03-29 3:00:00.0 +02:00:00", "2026-03-30 2:30:00.0 +02:00:00"],
//! );
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # The kinds of schedules
//!
//! | type | fires | text |
//! |---|---|---|
//! | [`Interval`], by [`every`] | at a fixed interval, counted from the epoch or [another instant](Interval::starting_at) | `every 5m` |
//! | [`DailyAt`] | at times of day, every day or on some weekdays | `daily 02:00,14:30 mon-fri Europe/Berlin` |
//! | [`MonthlyAt`] | on days of the month: numbered, last, nth or last of a weekday | `monthly 15,last-fri 18:00` |
//! | [`Cron`] | when the clocks show what a pattern says | `cron 0 2 * * * Europe/Berlin` |
//! | [`Once`] | at one instant | `once 2026-03-29T01:00:00Z` |
//! | [`Never`] | never | `never` |
//! | [`AnyOf`], by [`any_of`] | when one of several schedules does | `any(daily 02:00; every 6h)` |
//! | [`Except`], by [`except`](ScheduleExt::except) | except on the days of a [`Calendar`] | `except(daily 02:00; sat,sun 12-25)` |
//! | [`Between`], by [`between`](ScheduleExt::between) | only within a range of instants | `between(every 5m; 2026-01-01T00:00:00Z..)` |
//!
//! [`parse`] reads all of these texts and returns an [`AnySchedule`]; its page has the whole syntax. The text of a schedule
//! is also what `Display` prints, what [`spec`](Schedule::spec) returns, and its form as a serde value. Schedules are
//! immutable values that can be cloned.
//!
//! A schedule can be over, because its range, its years or its one instant are in the past. It is built without an error,
//! because a schedule does not know the present. [`next`](Schedule::next) of now is `None` then, and
//! [`previous`](Schedule::previous) says when it fired last; of [`Never`], it is `None` too:
//!
//! ```
//! use godata_scheduler::time::UtcDateTime;
//! use godata_scheduler::{Schedule, parse};
//!
//! let now = UtcDateTime::from_unix_timestamp(1_774_612_800)?; // 2026-03-27, 12:00 UTC
//! let over = parse("cron 0 0 2 24 12 * 2025")?;
//! assert_eq!(over.next(now), None);
//! assert_eq!(over.previous(now).map(|last| last.to_string()).as_deref(), Some("2025-12-24 2:00:00.0 +00"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! For a kind that is not here, implement [`Schedule`]: [`next`](Schedule::next) and [`spec`](Schedule::spec) are enough, on
//! a type that is [`Debug`](std::fmt::Debug).
//!
//! # Errors
//!
//! [`ScheduleError`], when a schedule is built. It names the part that is wrong, and says what is accepted or what was
//! meant. Once a schedule is built, its methods can't fail.
//!
//! # Guarantees
//!
//! Tests cite these rules by number.
//!
//! 1. [`next`](Schedule::next) is strictly after the given instant, [`previous`](Schedule::previous) strictly before it.
//! 2. If `next(after)` is `t`, it is `t` for every instant from `after` until just before `t`. If it is `None`, it is
//!    `None` for every later instant.
//! 3. Instants are whole seconds. Those of [`every`] and [`Once`] are whole milliseconds.
//! 4. `previous` and [`count_between`](Schedule::count_between) agree with `next`: they return what calling it repeatedly
//!    would find. The count excludes the start of its range and includes the end.
//! 5. Every instant is a valid argument. No method panics. `next` and `previous` return after a bounded search, and so does
//!    `count_between`, except for [`any_of`], which can walk through every instant that it counts.
//! 6. Schedules cover the years 1970 to 2199, the [`HORIZON`], and never return an instant outside them. Errors occur when
//!    a schedule is built, never later: a schedule that never fires within the horizon can't be built, and neither can a
//!    combination that would take too long to answer.
//! 7. Times of day are those of a [`Zone`], UTC by default. [`Dst`] says what happens to a time that a clock change skips
//!    (it runs right after the gap, later by the length of the gap, or not at all) or repeats (it runs the first time, the
//!    last time, or both). A skipped time keeps its day: weekdays and days of the month are those of the skipped time, even
//!    if the instant after the gap is on the next day.
//! 8. Instants that coincide count once: a skipped time and the time right after the gap, or several schedules in
//!    [`any_of`].
//! 9. Intervals are elapsed time and have no zone. A cron pattern whose minute or hour begins with `*` follows real time:
//!    it does not run in a gap, and runs in both passes of an overlap. Every other pattern is treated like a time of day.
//! 10. The text of a schedule reads back as the same schedule, if combinations are nested at most 16 deep. Schedules that are
//!     only [spelled differently](parse) have the same text.
//!
//! For schedules of your own inside [`any_of`], `except` and `between`, the rules hold as far as your schedules keep them.
//!
//! # What it costs
//!
//! A call of `next` or `previous` takes well below a microsecond for intervals and times of day, and a few microseconds at
//! most for a schedule that fires once in decades. `count_between` calculates the count and does not walk through it,
//! except for [`any_of`], which walks through the instants of all its schedules but the most frequent one: a count of
//! `any(every 1ms; daily 02:00)` is quick, one of `any(every 1ms; every 7ms)` takes seconds per day counted.
//!
//! An [`except`](ScheduleExt::except) takes longer where it has to skip many days. It skips ranges of dates at once and
//! weekdays in nanoseconds each, but each of the [days of another schedule](Calendar::days_of) costs a call of that
//! schedule. A combination whose `next` or `previous` could take longer than some 200 microseconds is
//! [refused](ScheduleError::TooCostly): one that leaves out every day of another schedule for years on end, for example, or
//! an [`any_of`] of a thousand cron patterns. To find that out, building a combination searches the whole horizon, which
//! takes some tenths of a millisecond, and tens of milliseconds in the worst case.
//!
//! # Features
//!
//! * `cron` (default): cron patterns.
//! * `bundled-zones`: compiles in a time zone database, which is used where the system has none.
//!
//! # Coming from Go
//!
//! | Go | Rust |
//! |---|---|
//! | `scheduler.Every(5 * time.Minute)` | [`every(Duration::from_secs(300))?`](every): zero is an error, not a busy loop |
//! | `scheduler.Interval` | [`Interval`]: counted from the epoch, not from the last run |
//! | `schedule.Next(after)` | [`schedule.next(after)`](Schedule::next): an `Option`, because a schedule can end |
//! | `type S struct{…}; func (S) Next(…)` | `impl Schedule for S` with [`next`](Schedule::next) and [`spec`](Schedule::spec) |
//! | `orch.Register(ctx, pipeline, schedule)` | the same in `godata-orchestrator`, with any [`Schedule`] |
//! | no daily, cron or calendar | [`DailyAt`], [`MonthlyAt`], [`Cron`], [`Calendar`] |

mod any;
mod calendar;
mod combine;
#[cfg(feature = "cron")]
mod cron;
mod daily;
mod dst;
mod error;
mod ext;
mod horizon;
mod interval;
mod local_schedule;
mod local_time;
mod monthly;
mod once;
mod search_budget;
mod text;
mod time_of_day;
mod weekdays;
mod zone;

pub use any::AnySchedule;
pub use calendar::Calendar;
pub use combine::{AnyOf, Between, Except, any_of};
#[cfg(feature = "cron")]
pub use cron::Cron;
pub use daily::DailyAt;
pub use dst::{Dst, DstGap, DstOverlap};
pub use error::ScheduleError;
pub use ext::{ScheduleExt, Upcoming};
#[doc(no_inline)]
pub use godata_core::{BoxError, Schedule};
pub use horizon::HORIZON;
pub use interval::{Interval, every};
pub use monthly::{MonthDay, MonthlyAt};
pub use once::{Never, Once};
pub use text::parse;
#[doc(no_inline)]
pub use time;
pub use zone::Zone;

/// Compiles the programs of the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

//! Schedules that are right in every time zone: intervals, times of day, cron patterns and calendars.
//!
//! A schedule says when something is due, and nothing else: it has no clock, starts no task and reads no file once
//! it is built. `godata-orchestrator` runs pipelines by schedules; anything that has a loop and a
//! [`Clock`](godata_core::Clock) can.
//!
//! # When to take this crate
//!
//! Take the facade `godata`, whose module `scheduler` this is, unless you want schedules without pipelines. To
//! *accept* a schedule, or to write one of your own, `godata-core` has the trait
//! [`Schedule`](godata_core::Schedule) and nothing else.
//!
//! # Example
//!
//! ```
//! use std::time::Duration;
//!
//! use godata_core::Schedule;
//! use godata_scheduler::{DailyAt, ScheduleExt, Zone, every, parse};
//! use time::{Time, UtcDateTime};
//!
//! let berlin = Zone::new("Europe/Berlin")?;
//! let often = every(Duration::from_secs(300))?;
//! let nightly = DailyAt::new([Time::from_hms(2, 30, 0)?])?.in_zone(berlin.clone());
//! let closing = parse("monthly last-fri 18:00 Europe/Berlin")?;
//! for schedule in [often.describe(), nightly.describe(), closing.describe()] {
//!     println!("{schedule}");
//! }
//!
//! // The clocks go from 02:00 to 03:00 on 2026-03-29, so there is no 02:30 on that day.
//! let friday = UtcDateTime::from_unix_timestamp(1_774_612_800)?;
//! let local: Vec<_> = nightly.upcoming(friday).take(3).map(|due| berlin.local(due).to_string()).collect();
//! assert_eq!(
//!     local,
//!     ["2026-03-28 2:30:00.0 +01:00:00", "2026-03-29 3:00:00.0 +02:00:00", "2026-03-30 2:30:00.0 +02:00:00"],
//! );
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # The kinds
//!
//! | kind | fires | text |
//! |---|---|---|
//! | [`every`] | every so often, counted from the epoch or [another instant](Interval::starting_at) | `every 5m` |
//! | [`DailyAt`] | at times of day, on every day or on some weekdays | `daily 02:00,14:30 mon-fri Europe/Berlin` |
//! | [`MonthlyAt`] | on days of the month, numbered, last, nth or last of a weekday | `monthly 15,last-fri 18:00` |
//! | `Cron` | when clocks show what a pattern says | `cron 0 2 * * * Europe/Berlin` |
//! | [`Once`], [`Never`] | as they say | `once 2026-03-29T01:00:00Z`, `never` |
//! | [`any_of`] | whenever one of several does | `any(daily 02:00; every 6h)` |
//! | [`except`](ScheduleExt::except) | but not on the days of a [`Calendar`] | `except(daily 02:00; sat,sun 12-25)` |
//! | [`between`](ScheduleExt::between) | but only within a range | `between(every 5m; 2026-01-01T00:00:00Z..)` |
//!
//! [`parse`] makes any of them from its text, which is also what they print, what their
//! [`spec`](godata_core::Schedule::spec) is, and what they are as serde values. All are values that can be cloned,
//! and immutable.
//!
//! # The rules
//!
//! 1. [`next`](godata_core::Schedule::next) is strictly after the instant asked about,
//!    [`previous`](godata_core::Schedule::previous) strictly before it.
//! 2. If `next(after)` is `t`, it is `t` for every instant from `after` until just before `t`; if it is `None`, it
//!    is `None` for every later instant.
//! 3. Instants are whole seconds; those of [`every`] and [`Once`] whole milliseconds.
//! 4. `previous` and [`count_between`](godata_core::Schedule::count_between) agree with `next`: they are what
//!    following it would find. (The count has the end of its range in it, and not the start.)
//! 5. Every instant can be asked about. No question panics, and `next` and `previous` answer after a bounded search.
//!    So does `count_between`, but for [`any_of`], which may have to ask for each instant that it counts.
//! 6. Schedules know the years 1970 to 2199, the [`HORIZON`], and never answer with an instant outside of it. What
//!    never fires within it can't be built, and neither can a combination that would take too long to answer, or
//!    anything else that is wrong: errors come when a schedule is built, and not later.
//! 7. Times of day are those of a [`Zone`], and UTC without one. When clocks change, [`Dst`] says what becomes of
//!    a time that they skip (it runs right after the gap, as much later as the gap is long, or not at all) or
//!    repeat (it runs the first time, the last time, or both). The day that a time belongs to is the day of the
//!    time that was skipped, even if the instant after the gap is on the next one.
//! 8. Instants that coincide are one: of a time in a gap and the time right after it, of several schedules in
//!    [`any_of`].
//! 9. Intervals are elapsed time and know no zones. A cron pattern whose minute or hour begins with `*` follows
//!    real time: it does not run in a gap, and runs in both passes of an overlap. Every other pattern is like a
//!    time of day.
//! 10. The text of a schedule makes the same schedule again, if at most 16 combinations are within each other.
//!
//! The rules hold for schedules of your own within [`any_of`], `except` and `between` as far as those keep them.
//!
//! # What it costs
//!
//! A question takes well below a microsecond for intervals and times of day, and a few microseconds at most for
//! what fires once in decades; `count_between` calculates, and does not walk, except for [`any_of`], which asks for
//! each instant of all its schedules but the one that fires most: a count of `any(every 1ms; daily 02:00)` is soon
//! done, one of `any(every 1ms; every 7ms)` takes seconds for each day.
//!
//! What takes longer is to pass over what an [`except`](ScheduleExt::except) leaves out. Ranges of dates are passed at
//! once and weekdays in nanoseconds, but each of the [days of another schedule](Calendar::days_of) is a question to it.
//! If `next` or `previous` could take longer than some 200 microseconds for that, or for the number of schedules, the
//! combination is [refused](ScheduleError::TooCostly): for example one that leaves out each day of another schedule for
//! years on end, or an [`any_of`] of a thousand cron patterns. To find that out, building a combination looks at all of
//! the horizon, which takes some tenths of a millisecond, and tens of milliseconds at worst.
//!
//! # Errors
//!
//! [`ScheduleError`], when a schedule is built. It names the part that is wrong, and what is accepted there.
//!
//! # Features
//!
//! * `cron` (default): cron patterns.
//! * `bundled-zones`: the time zone database is compiled in, and used where the system has none.
//!
//! # For those who come from the Go library
//!
//! | Go | Rust |
//! |---|---|
//! | `scheduler.Every(5 * time.Minute)` | [`every(Duration::from_secs(300))?`](every): zero is an error, not a busy loop |
//! | `scheduler.Interval` | [`Interval`]: counted from the epoch, not from the last run |
//! | `schedule.Next(after)` | [`schedule.next(after)`](godata_core::Schedule::next): an `Option`, as it may have ended |
//! | `type S struct{…}; func (S) Next(…)` | `impl Schedule for S`: [`next`](godata_core::Schedule::next) and [`spec`](godata_core::Schedule::spec) |
//! | `orch.Register(ctx, pipeline, schedule)` | the same in `godata-orchestrator`, with any [`Schedule`](godata_core::Schedule) |
//! | no daily, cron or calendar | [`DailyAt`], [`MonthlyAt`], `Cron`, [`Calendar`] |

mod any;
mod calendar;
mod combine;
#[cfg(feature = "cron")]
mod cron;
mod daily;
mod dst;
mod effort;
mod error;
mod ext;
mod horizon;
mod interval;
mod local;
mod monthly;
mod once;
mod text;
mod time_of_day;
mod wall;
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
pub use godata_core::Schedule;
pub use horizon::HORIZON;
pub use interval::{Interval, every};
pub use monthly::{MonthDay, MonthlyAt};
pub use once::{Never, Once};
pub use text::parse;
#[doc(no_inline)]
pub use time;
pub use zone::Zone;

//! Whatever the text of a schedule, it is read or refused, and what was read keeps the rules.

use godata::Schedule;
use godata::scheduler::{HORIZON, parse};
use time::{Duration, UtcDateTime};

/// Reads `data`, a text without options before it, and asks the schedule that it makes.
pub fn check(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let schedule = match parse(text) {
        Ok(schedule) => schedule,
        Err(error) => {
            assert!(!error.to_string().contains('\n'), "{error} is longer than a line");
            return;
        }
    };
    let again = parse(&schedule.spec()).expect("what a schedule prints can be read");
    assert_eq!(again.spec(), schedule.spec());

    let middle = UtcDateTime::UNIX_EPOCH + Duration::days(20_600);
    for after in [UtcDateTime::MIN, middle, HORIZON.end - Duration::DAY, UtcDateTime::MAX] {
        let due = schedule.next(after);
        assert_eq!(again.next(after), due);
        assert!(due.is_none_or(|due| due > after && HORIZON.contains(&due)), "{schedule} after {after}");
        assert!(schedule.previous(after).is_none_or(|due| due < after), "{schedule} before {after}");
    }
    assert!(!schedule.describe().is_empty());
}

//! Calendar events of systemd timers, which users sometimes give in place of a schedule.

use crate::weekdays::Weekdays;

/// The cron schedule of an event such as `Mon..Fri *-*-* 02:00:00 Europe/Berlin` or `*:0/15`.
pub(super) fn as_cron(text: &str) -> Option<String> {
    let mut words: Vec<&str> = text.split_whitespace().collect();
    let weekdays = match Weekdays::loosely(words.first()?) {
        Some(weekdays) => {
            words.remove(0);
            weekdays
        }
        None => Weekdays::ALL,
    };
    let date = if words.first()?.contains('-') { words.remove(0) } else { "*-*-*" };
    let (time, zone) = match words[..] {
        [] => ("00:00", ""),
        [time] => (time, ""),
        [time, zone] => (time, zone),
        _ => return None,
    };
    let date: Vec<_> = date.split('-').collect();
    let ["*", month, day] = date[..] else { return None };
    let time: Vec<_> = time.split(':').collect();
    let (hour, minute, second) = match time[..] {
        [hour, minute] => (hour, minute, "0"),
        [hour, minute, second] => (hour, minute, second),
        _ => return None,
    };
    let (day, month) = (field(day, 31)?, field(month, 12)?);
    let (second, minute, hour) = (field(second, 59)?, field(minute, 59)?, field(hour, 23)?);
    let weekdays = if weekdays == Weekdays::ALL { "*".to_owned() } else { format!("+{weekdays}") };
    let text = format!("{second} {minute} {hour} {day} {month} {weekdays} {zone}");
    Some(format!("cron {text}").parse::<crate::Cron>().ok()?.to_string())
}

/// A field as cron has it: `0/15` counts from 0 to the end.
fn field(text: &str, last: u8) -> Option<String> {
    let number = |text: &str| text.parse::<u8>().ok().filter(|number| *number <= last);
    match text.split_once('/') {
        _ if text == "*" => Some(text.to_owned()),
        Some((first, step)) => Some(match number(first)? {
            0 => format!("*/{}", number(step)?),
            first => format!("{first}-{last}/{}", number(step)?),
        }),
        None => number(text).map(|number| number.to_string()),
    }
}

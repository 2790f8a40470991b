//! Random schedules and instants.

use proptest::prelude::*;
use proptest::sample::select;
use time::UtcDateTime;

/// Zones with clock changes of all kinds, and two with none.
const ZONES: [&str; 18] = [
    "UTC",
    "America/New_York",
    "Europe/London",
    "Europe/Berlin",
    "Australia/Lord_Howe",
    "Pacific/Apia",
    "Asia/Kathmandu",
    "Africa/Cairo",
    "Asia/Amman",
    "Asia/Beirut",
    "America/Santiago",
    "America/Asuncion",
    "Africa/Casablanca",
    "Europe/Dublin",
    "Antarctica/Troll",
    "Pacific/Chatham",
    "Africa/Monrovia",
    "Asia/Tokyo",
];

/// Seconds of clock changes: in New York and Berlin in 2026, on Lord Howe Island, at Apia's skipped day, in Cairo.
const CHANGES: [i64; 8] = [
    1_772_953_200,
    1_793_512_800,
    1_774_746_000,
    1_792_890_000,
    1_775_314_800,
    1_325_239_200,
    1_777_586_400,
    0,
];

/// An instant, often near a clock change, and sometimes outside of the horizon.
pub(crate) fn instants() -> impl Strategy<Value = UtcDateTime> {
    let seconds = prop_oneof![
        5 => (select(&CHANGES[..]), -200_000..200_000_i64).prop_map(|(change, off)| change + off),
        4 => 0..7_258_118_400_i64,
        1 => -100_000_000_000..200_000_000_000_i64,
    ];
    let nanos =
        prop_oneof![Just(0), (0..1_000_u64).prop_map(|millis| millis * 1_000_000), 0..1_000_000_000_u64];
    (seconds, nanos).prop_map(|(second, nanos)| {
        UtcDateTime::from_unix_timestamp(second).unwrap() + std::time::Duration::from_nanos(nanos)
    })
}

fn zones() -> impl Strategy<Value = String> {
    const OPTIONS: [&str; 6] =
        ["", " gap=shift", " gap=skip", " overlap=last", " overlap=both", " gap=skip overlap=both"];
    (select(&ZONES[..]), select(&OPTIONS[..])).prop_map(|(zone, options)| format!("{zone}{options}"))
}

fn times() -> impl Strategy<Value = String> {
    let hour = prop_oneof![0..4_u8, 0..24_u8];
    let time = (hour, 0..60_u8, select(&["", ":30"][..])).prop_map(|(h, m, s)| format!("{h:02}:{m:02}{s}"));
    prop::collection::vec(time, 1..4).prop_map(|times| times.join(","))
}

fn field(low: u8, high: u8) -> impl Strategy<Value = String> {
    prop_oneof![
        3 => Just("*".to_owned()),
        3 => (low..=high).prop_map(|n| n.to_string()),
        1 => (1..=high - low).prop_map(|n| format!("*/{n}")),
        1 => (low..=high, low..=high).prop_map(|(a, b)| format!("{}-{}", a.min(b), a.max(b))),
        1 => (low..=high, low..=high).prop_map(|(a, b)| format!("{a},{b}")),
    ]
}

/// A cron pattern of five or six fields.
pub(crate) fn patterns() -> impl Strategy<Value = String> {
    let day = prop_oneof![
        8 => field(1, 28),
        2 => select(&["L", "LW", "15W", "1W,31W", "?", "31", "29-31"][..]).prop_map(str::to_owned),
    ];
    let weekday = prop_oneof![
        8 => field(0, 6),
        2 => select(&["5L", "MON#1", "SUN#5", "?", "+MON", "+FRI#2", "SAT,SUN", "MON-FRI", "FRIL", "7"][..])
            .prop_map(str::to_owned),
    ];
    let seconds = prop_oneof![3 => Just(String::new()), 1 => field(0, 59).prop_map(|field| field + " ")];
    (seconds, field(0, 59), field(0, 23), day, field(1, 12), weekday).prop_map(
        |(second, minute, hour, day, month, weekday)| {
            format!("{second}{minute} {hour} {day} {month} {weekday}")
        },
    )
}

fn calendars() -> impl Strategy<Value = String> {
    const ITEMS: [&str; 11] = [
        "sat,sun",
        "mon",
        "12-25",
        "02-29",
        "2026-03-29",
        "2026-10-20..2026-11-05",
        "2011-12-30",
        "01-01",
        "on(monthly last-fri 18:00)",
        "on(daily 23:30 sun Europe/Berlin)",
        "tue-thu",
    ];
    (prop::collection::vec(select(&ITEMS[..]), 1..4), select(&ZONES[..]))
        .prop_map(|(items, zone)| format!("{} {zone}", items.join(" ")))
}

/// The text of a schedule that is no combination.
pub(crate) fn simple() -> impl Strategy<Value = String> {
    let weekdays = select(&["", " mon-fri", " sat,sun", " sun", " fri-mon"][..]);
    let days = select(&["1", "31", "last", "1,15", "last-sun", "2nd-tue,5th-mon", "last-fri,30"][..]);
    prop_oneof![
        (1..500_000_000_u64).prop_map(|millis| format!("every {millis}ms")),
        (1..2_000_u64, 0..2_000_000_000_i64).prop_map(|(minutes, start)| {
            let start = UtcDateTime::from_unix_timestamp(start).unwrap();
            let start = start.format(&time::format_description::well_known::Rfc3339).unwrap();
            format!("every {minutes}m from {start}")
        }),
        (times(), weekdays, zones()).prop_map(|(times, days, zone)| format!("daily {times}{days} {zone}")),
        (days, times(), zones()).prop_map(|(days, times, zone)| format!("monthly {days} {times} {zone}")),
        (patterns(), zones()).prop_map(|(pattern, zone)| format!("cron {pattern} {zone}")),
        (0..7_000_000_000_i64).prop_map(|second| {
            let at = UtcDateTime::from_unix_timestamp(second).unwrap();
            format!("once {}", at.format(&time::format_description::well_known::Rfc3339).unwrap())
        }),
    ]
}

/// The text of any schedule. Some of these never fire, and are refused.
pub(crate) fn texts() -> impl Strategy<Value = String> {
    simple().prop_recursive(2, 6, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 1..4).prop_map(|all| format!("any({})", all.join("; "))),
            (inner.clone(), calendars()).prop_map(|(schedule, days)| format!("except({schedule}; {days})")),
            inner.prop_map(|schedule| format!(
                "between({schedule}; 1999-12-31T00:00:00Z..2150-01-01T00:00:00Z)"
            )),
        ]
    })
}

//! The fields of a format for dates and times.

/// A part of a format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Item {
    Literal(char),
    /// One or more spaces.
    Space,
    Year,
    ShortYear,
    Month,
    MonthName,
    Day,
    WeekdayName,
    Hour,
    HourOfHalf,
    Half,
    Minute,
    Second,
    Fraction,
    Offset,
}

/// The fields that a letter after `%` stands for.
pub(super) fn fields(letter: char) -> Option<&'static [Item]> {
    Some(match letter {
        'Y' => &[Item::Year],
        'y' => &[Item::ShortYear],
        'm' => &[Item::Month],
        'b' | 'B' | 'h' => &[Item::MonthName],
        'd' | 'e' => &[Item::Day],
        'a' | 'A' => &[Item::WeekdayName],
        'H' => &[Item::Hour],
        'I' => &[Item::HourOfHalf],
        'p' => &[Item::Half],
        'M' => &[Item::Minute],
        'S' => &[Item::Second],
        'f' => &[Item::Fraction],
        'z' => &[Item::Offset],
        'F' => &[Item::Year, Item::Literal('-'), Item::Month, Item::Literal('-'), Item::Day],
        'T' => &[Item::Hour, Item::Literal(':'), Item::Minute, Item::Literal(':'), Item::Second],
        '%' => &[Item::Literal('%')],
        _ => return None,
    })
}

pub(super) const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

pub(super) const WEEKDAYS: [&str; 7] =
    ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];

/// How many letters the short form of a name has.
pub(super) const SHORT: usize = 3;

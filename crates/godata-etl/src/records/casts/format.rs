//! Formats of dates and times, as of `strptime`.

use std::fmt::Write;

use godata_core::excerpt;

use super::format_item::{Item, MONTHS, SHORT, WEEKDAYS, fields};

/// A format, made of the text that describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Format {
    text: String,
    pub(super) items: Vec<Item>,
}

impl Format {
    /// The format, or what is wrong with it.
    pub(super) fn new(text: &str) -> Result<Self, String> {
        let wrong = |why: &str| Err(format!("the format `{}` {why}", excerpt(text)));
        let mut items = Vec::new();
        let mut chars = text.chars();
        while let Some(c) = chars.next() {
            match c {
                '%' => {
                    let letter = chars.find(|&letter| letter != '-');
                    match letter.and_then(fields) {
                        Some(fields) => items.extend_from_slice(fields),
                        None => {
                            let field: String = ['%'].into_iter().chain(letter).collect();
                            return wrong(&format!("has the unknown field `{}`", excerpt(&field)));
                        }
                    }
                }
                c if c.is_whitespace() => items.push(Item::Space),
                c => items.push(Item::Literal(c)),
            }
        }
        let format = Self { text: text.to_owned(), items };
        match format.flaw() {
            Some(why) => wrong(why),
            None => Ok(format),
        }
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }

    pub(super) fn has(&self, item: Item) -> bool {
        self.items.contains(&item)
    }

    fn flaw(&self) -> Option<&'static str> {
        let has = |item| self.has(item);
        let is_whole = (has(Item::Year) || has(Item::ShortYear))
            && (has(Item::Month) || has(Item::MonthName))
            && has(Item::Day);
        if !is_whole {
            return Some("needs a year, a month and a day, as in `%d.%m.%Y`");
        }
        (has(Item::HourOfHalf) != has(Item::Half)).then_some("needs `%I` and `%p` together")
    }

    /// The last day of 2024 at a quarter to two in the afternoon, in this format.
    pub(super) fn example(&self) -> String {
        let mut text = String::new();
        for item in &self.items {
            // Writing to a `String` can't fail.
            let _ = match item {
                Item::Literal(c) => write!(text, "{c}"),
                Item::Space => write!(text, " "),
                Item::Year => write!(text, "2024"),
                Item::ShortYear => write!(text, "24"),
                Item::Month => write!(text, "12"),
                Item::MonthName => write!(text, "{}", &MONTHS[11][..SHORT]),
                Item::Day => write!(text, "31"),
                Item::WeekdayName => write!(text, "{}", &WEEKDAYS[1][..SHORT]),
                Item::Hour => write!(text, "13"),
                Item::HourOfHalf => write!(text, "01"),
                Item::Half => write!(text, "PM"),
                Item::Minute => write!(text, "45"),
                Item::Second => write!(text, "00"),
                Item::Fraction => write!(text, "5"),
                Item::Offset => write!(text, "+02:00"),
            };
        }
        excerpt(&text)
    }
}

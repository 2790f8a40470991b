//! Guessing how the texts of a column are written.

use godata_etl::{Cast, Type, Value};

/// Words for true and false.
const WORDS: [(&str, &str); 8] = [
    ("true", "false"),
    ("yes", "no"),
    ("y", "n"),
    ("ja", "nein"),
    ("j", "n"),
    ("wahr", "falsch"),
    ("oui", "non"),
    ("sí", "no"),
];

const CURRENCIES: [&str; 8] = ["€", "$", "£", "¥", "EUR", "USD", "GBP", "CHF"];

const DATES: [&str; 11] = [
    "%d.%m.%Y", "%d/%m/%Y", "%m/%d/%Y", "%d-%m-%Y", "%m-%d-%Y", "%Y/%m/%d", "%Y.%m.%d", "%d.%m.%y",
    "%d/%m/%y", "%m/%d/%y", "%d %b %Y",
];

/// The cast for a column with these texts, which are not null.
pub(crate) fn cast_of(texts: &[&str]) -> Cast {
    let types = [Type::Bool, Type::Int, Type::Float, Type::Timestamp, Type::Date];
    let plain = types.into_iter().find(|&kind| texts.iter().all(|text| fits(text, kind)));
    match plain.filter(|_| !texts.is_empty()) {
        Some(kind) => kind.into(),
        None => words(texts).or_else(|| number(texts)).or_else(|| date(texts)).unwrap_or(Type::Text.into()),
    }
}

/// Whether a text can be cast without losing information.
fn fits(text: &str, kind: Type) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let is_long =
        digits.len() > 18 && digits.bytes().all(|byte| byte.is_ascii_digit()) && text.parse::<i64>().is_err();
    if (is_code(text) || is_long) && matches!(kind, Type::Int | Type::Float) {
        return false;
    }
    Cast::from(kind).parse(text).is_ok()
}

/// Whether a text has digits that are not a quantity: leading zeros or a plus sign.
fn is_code(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let mut digits = digits.bytes();
    text.starts_with('+')
        || (digits.next() == Some(b'0') && digits.next().is_some_and(|next| next.is_ascii_digit()))
}

/// The words of a column that has two, one for true and one for false.
fn words(texts: &[&str]) -> Option<Cast> {
    let casts = WORDS.into_iter().map(|(yes, no)| Cast::bool([yes], [no]));
    let mut fitting = casts.filter(|cast| {
        let read = values(cast, texts).unwrap_or_default();
        [true, false].iter().all(|&value| read.contains(&value.into()))
    });
    fitting.next()
}

fn number(texts: &[&str]) -> Option<Cast> {
    if texts.iter().any(|text| is_code(text)) {
        return None;
    }
    let currencies = CURRENCIES.into_iter().filter(|sign| texts.iter().any(|text| text.contains(sign)));
    let marked = currencies
        .map(|sign| Cast::decimal().currency(sign))
        .chain([Cast::decimal().percent(), Cast::decimal()]);
    marked.map(notations).find_map(|casts| only(casts, texts))
}

/// The notations of a number with these marks, the simplest first.
fn notations(marked: Cast) -> Vec<Cast> {
    let comma = marked.clone().comma();
    let grouped = |cast: &Cast, separators: &[char]| -> Vec<Cast> {
        separators.iter().map(|&separator| cast.clone().thousands(separator)).collect()
    };
    let (after, before) = (grouped(&marked, &[',', ' ', '\'']), grouped(&comma, &['.', ' ']));
    [vec![marked, comma], after, before].concat()
}

fn date(texts: &[&str]) -> Option<Cast> {
    only(DATES.map(Cast::date).into(), texts)
}

/// The first cast that fits all texts; `None` if there is none, or if another one fits too and reads something else. So
/// 1,234 and 01/02/2024 are not guessed.
fn only(casts: Vec<Cast>, texts: &[&str]) -> Option<Cast> {
    let mut fitting = casts.into_iter().filter_map(|cast| Some((values(&cast, texts)?, cast)));
    let (first, cast) = fitting.next()?;
    fitting.all(|(other, _)| other == first).then_some(cast)
}

/// What a cast reads from the texts; `None` if there are none, or if it does not fit one of them.
fn values(cast: &Cast, texts: &[&str]) -> Option<Vec<Value>> {
    let read: Option<Vec<Value>> = texts.iter().map(|text| cast.parse(text).ok()).collect();
    read.filter(|_| !texts.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_not_numbers() {
        for text in ["007", "+49", "-01", "00.5", "9223372036854775808"] {
            assert!(!fits(text, Type::Int) && !fits(text, Type::Float), "{text}");
        }
        for text in ["0", "-0", "10", "-7"] {
            assert!(fits(text, Type::Int) && fits(text, Type::Float), "{text}");
        }
        for text in ["0.5", "-0.5", "0e1", "1e3", "12.50"] {
            assert!(!fits(text, Type::Int) && fits(text, Type::Float), "{text}");
        }
        for text in ["", "inf", "NaN", " 1"] {
            assert!(!fits(text, Type::Float), "{text}");
        }
    }

    #[test]
    fn notations_of_people_are_guessed() {
        let table: [(&[&str], &str); 22] = [
            (&["12,5", "7"], "Cast::decimal().comma()"),
            (&["1.234,50", "7"], "Cast::decimal().comma().thousands('.')"),
            (&["1,234.50", "7"], "Cast::decimal().thousands(',')"),
            (&["1 234,5"], "Cast::decimal().comma().thousands(' ')"),
            (&["12,50 €", "1.234,00 €"], "Cast::decimal().comma().thousands('.').currency(\"€\")"),
            (&["$5", "$1,000.50"], "Cast::decimal().thousands(',').currency(\"$\")"),
            (&["EUR 5"], "Cast::decimal().currency(\"EUR\")"),
            (&["19 %", "7 %"], "Cast::decimal().percent()"),
            (&["12,5%"], "Cast::decimal().comma().percent()"),
            (&["ja", "Nein"], "Cast::bool([\"ja\"], [\"nein\"])"),
            (&["True", "False"], "Cast::bool([\"true\"], [\"false\"])"),
            (&["01.05.2024", "31.12.2024"], "Cast::date(\"%d.%m.%Y\")"),
            (&["1.5.24"], "Cast::date(\"%d.%m.%y\")"),
            (&["01/02/2024", "31/12/2024"], "Cast::date(\"%d/%m/%Y\")"),
            (&["01/02/2024", "12/31/2024"], "Cast::date(\"%m/%d/%Y\")"),
            (&["2024-05-01"], "Type::Date"),
            // Each of these can be read in two ways, or is not a quantity.
            (&["1,234", "5"], "Type::Text"),
            (&["01/02/2024"], "Type::Text"),
            (&["ja"], "Type::Text"),
            (&["007,5"], "Type::Text"),
            (&["19 %", "7"], "Type::Text"),
            (&[], "Type::Text"),
        ];
        for (texts, code) in table {
            assert_eq!(cast_of(texts).to_string(), code, "{texts:?}");
        }
    }
}

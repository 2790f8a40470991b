//! What the casts read, and what they refuse.

use proptest::prelude::*;
use time::{Date, UtcDateTime};

use super::*;
use crate::{Record, Records, record};

/// What a cast reads from a text, as text; `None` if it refuses it. Records and batches must agree.
fn read(cast: &Cast, text: &str) -> Option<String> {
    let parsed = cast.parse(text).ok();
    let mut record = record! {"a" => text};
    assert_eq!(record.cast("a", cast).is_ok(), parsed.is_some(), "{text}");
    let mut batch: Records = [record! {"a" => text}].into_iter().collect();
    assert_eq!(batch.cast_row(0, "a", cast).is_ok(), parsed.is_some(), "{text}");
    let expected = record! {"a" => parsed.clone().unwrap_or_else(|| text.into())};
    let debug = |record: &Record| format!("{record:?}");
    assert_eq!(debug(&record), debug(&expected));
    let cells: Vec<_> =
        batch.iter().map(|row| row.cells().map(|cell| format!("{cell:?}")).collect()).collect();
    assert_eq!(cells.len(), 1);
    let _: &Vec<String> = &cells[0];
    assert_eq!(batch.into_records().iter().map(debug).collect::<Vec<_>>(), [debug(&expected)]);
    parsed.map(|value| value.to_string())
}

#[track_caller]
fn check(cast: &Cast, table: &[(&str, &str)], refused: &[&str]) {
    for &(text, expected) in table {
        assert_eq!(read(cast, text).as_deref(), Some(expected), "{text}");
    }
    for &text in refused {
        assert_eq!(read(cast, text), None, "{text}");
    }
}

#[test]
fn numbers_with_a_decimal_comma() {
    let table = [
        ("12,50", "12.50"),
        ("-0,5", "-0.5"),
        (",5", "0.5"),
        ("5", "5"),
        ("+7", "7"),
        ("007,0", "7.0"),
        ("1,5E3", "1500"),
        ("\u{2212}3", "-3"),
    ];
    let refused = [
        "", "12.50", "1,2,3", " 1", "1 ", ",", "-", "--1", "+-1", "++1", "a", "1,5e", "1.000,0", "0x1",
        "nan", "1,-5",
    ];
    check(&Cast::decimal().comma(), &table, &refused);
}

#[test]
fn groups_have_three_digits() {
    let table = [
        ("1.234,50", "1234.50"),
        ("1.234.567", "1234567"),
        ("1234567", "1234567"),
        ("12,5", "12.5"),
        ("-1.000", "-1000"),
    ];
    let refused = ["12.50", "1.23.456", "1234.567", ".123", "1.", "1..234", "1.234,567.890", "1,234.50"];
    check(&Cast::decimal().comma().thousands('.'), &table, &refused);
    let spaces = ["1 234", "1\u{a0}234", "1\u{202f}234"].map(|text| (text, "1234"));
    check(&Cast::decimal().thousands(' '), &spaces, &["1  234", " 234"]);
    check(&Cast::integer().thousands('\''), &[("1'234", "1234"), ("1’234", "1234")], &["1'23", "1,5"]);
}

#[test]
fn currencies_are_before_or_after_the_amount() {
    let cast = Cast::decimal().comma().currency("€").currency("EUR");
    let table = ["12,5 €", "12,5€", "€12,5", "€ 12,5", "EUR 12,5", "12,5\u{a0}EUR", "12,5"]
        .map(|text| (text, "12.5"));
    check(&cast, &table, &["$12,5", "€", "€ 12,5 €", "12,5 € ", "12,5 eur"]);
    check(
        &cast,
        &["-€1", "€-1", "€ -1", "-1 €", "\u{2212}1€"].map(|text| (text, "-1")),
        &["-€-1", "€ - 1", "--1 €"],
    );
}

#[test]
fn percentages_are_exact_hundredths() {
    let table = [("12.5 %", "0.125"), ("19%", "0.19"), ("-0.10\u{a0}%", "-0.0010"), ("100%", "1.00")];
    check(&Cast::decimal().percent(), &table, &["19", "%", "19 % ", "19%%"]);
    check(&Cast::number().comma().percent(), &[("0,1 %", "0.001")], &["0.1 %"]);
    check(&Cast::integer().percent(), &[("300 %", "3")], &["50 %"]);
}

#[test]
fn floats_keep_their_digits_and_whole_numbers_have_no_fraction() {
    check(&Cast::number().comma(), &[("12,50", "12.50"), ("1e3", "1e3"), ("0012", "12")], &["1e999", "inf"]);
    check(
        &Cast::integer().comma(),
        &[("12,0", "12"), ("-7", "-7"), ("1e3", "1000")],
        &["12,5", "9223372036854775808"],
    );
}

#[test]
fn words_are_bools_in_any_letter_case() {
    let cast = Cast::bool(["ja", "Größe"], ["nein", "0"]);
    check(
        &cast,
        &[("ja", "true"), ("JA", "true"), ("grÖßE", "true"), ("Nein", "false"), ("0", "false")],
        &["", "j", "ja ", "true"],
    );
    let error = cast.parse("vielleicht").unwrap_err();
    assert_eq!(error.to_string(), "expected one of `ja`, `Größe`, `nein`, `0`, found text `vielleicht`");
}

#[test]
fn dates_are_read_in_their_format() {
    let german = [("01.05.2024", "2024-05-01"), ("1.5.2024", "2024-05-01"), ("29.02.2024", "2024-02-29")];
    let refused = [
        "",
        "29.02.2023",
        "32.01.2024",
        "1.13.2024",
        "0.1.2024",
        "1.5.24",
        "1.5.20245",
        "1.5.2024 ",
        " 1.5.2024",
        "1/5/2024",
        "1.5.-024",
    ];
    check(&Cast::date("%d.%m.%Y"), &german, &refused);
    check(
        &Cast::date("%d.%m.%y"),
        &[("1.5.24", "2024-05-01"), ("1.5.69", "1969-05-01"), ("1.5.68", "2068-05-01")],
        &["1.5.2024"],
    );
    check(
        &Cast::date("%a, %d %b %Y"),
        &[
            ("Wed, 1 May 2024", "2024-05-01"),
            ("wednesday,  1 MAY 2024", "2024-05-01"),
            ("Wed, 1 September 2024", "2024-09-01"),
        ],
        &["Wed, 1 Mai 2024"],
    );
    check(&Cast::date("%Y%m%d"), &[("20240501", "2024-05-01")], &["2024-05-01", "202405"]);
}

#[test]
fn timestamps_are_read_in_their_format_and_zone() {
    check(
        &Cast::timestamp("%F %T"),
        &[("2024-05-01 14:30:05", "2024-05-01T14:30:05Z")],
        &["2024-05-01", "2024-05-01 24:00:00"],
    );
    check(
        &Cast::timestamp("%d.%m.%Y %I:%M %p"),
        &[("1.5.2024 12:05 am", "2024-05-01T00:05:00Z"), ("1.5.2024 1:05 PM", "2024-05-01T13:05:00Z")],
        &["1.5.2024 13:05 PM", "1.5.2024 0:05 AM"],
    );
    let zoned = [
        ("2024-05-01 14:30:05.25+0200", "2024-05-01T14:30:05.25+02:00"),
        ("2024-05-01 14:30:05.000Z", "2024-05-01T14:30:05Z"),
        ("2024-05-01 14:30:05.1-03", "2024-05-01T14:30:05.1-03:00"),
    ];
    check(
        &Cast::timestamp("%F %T.%f%z"),
        &zoned,
        &[
            "2024-05-01 14:30:05.1",
            "2024-05-01 14:30:05.1+24:00",
            "2024-05-01 14:30:05.1+02:",
            "2024-05-01 14:30:05.1+02:60",
        ],
    );
    let india = UtcOffset::from_hms(5, 30, 0).unwrap();
    check(&Cast::timestamp("%F").in_zone(india), &[("2024-05-01", "2024-05-01T00:00:00+05:30")], &[]);
    // Clocks in a zone that goes from +01:00 to +02:00 at 2 o'clock on the last day of March.
    let spring = Cast::timestamp("%F %H:%M").in_zone_with(|local| {
        let is_gap = (local.ordinal(), local.hour()) == (91, 2);
        let is_summer = (local.ordinal(), local.hour()) > (91, 2);
        UtcOffset::from_hms(if is_summer { 2 } else { 1 }, 0, 0).ok().filter(|_| !is_gap)
    });
    check(
        &spring,
        &[
            ("2024-03-31 01:59", "2024-03-31T01:59:00+01:00"),
            ("2024-03-31 03:00", "2024-03-31T03:00:00+02:00"),
        ],
        &["2024-03-31 02:30"],
    );
}

#[test]
fn a_value_of_the_type_and_null_stay_as_they_are() {
    let cast = Cast::decimal().comma();
    assert_eq!(cast.convert(12.5), Ok(Value::Decimal("12.5".parse().unwrap())));
    assert_eq!(cast.convert(ValueRef::Null), Ok(Value::Null));
    assert!(cast.clone().percent().convert(12.5).is_err(), "without a sign it is not a percentage");
    assert!(cast.convert(true).is_err());
    assert_eq!(Cast::date("%d.%m.%Y").convert(Date::MAX), Ok(Value::Date(Date::MAX)));
    assert_eq!(Cast::timestamp("%F").convert(UtcDateTime::UNIX_EPOCH), Ok(UtcDateTime::UNIX_EPOCH.into()));
    assert_eq!(Cast::bool(["x"], ["-"]).convert(false), Ok(Value::Bool(false)));
}

#[test]
fn an_error_names_the_field_and_an_example() {
    let mut record = record! {"from" => "2024-05-01"};
    let error = record.cast("from", Cast::date("%d.%m.%Y")).unwrap_err();
    assert_eq!(
        error.to_string(),
        "field `from`: expected a date such as `31.12.2024`, found text `2024-05-01`"
    );
    assert_eq!(error.value(), Some("2024-05-01"));
    let long = Cast::decimal().parse(&"9".repeat(500)).unwrap_err();
    assert_eq!(long.value().map(|value| value.chars().count()), Some(81));
}

#[test]
fn mistakes_are_found_before_the_first_text() {
    let table = [
        (Cast::date("%d.%m.%Y").comma(), "`comma` is an option of a number, and not of a cast to date"),
        (Cast::from(Type::Float).percent(), "`percent` is an option of a number, and not of a cast to float"),
        (
            Cast::decimal().in_zone(UtcOffset::UTC),
            "`in_zone` is an option of a timestamp with a format, and not of a cast to decimal",
        ),
        (
            Cast::date("dd.mm.yyyy"),
            "the format `dd.mm.yyyy` needs a year, a month and a day, as in `%d.%m.%Y`",
        ),
        (Cast::date("%d.%m.%Q"), "the format `%d.%m.%Q` has the unknown field `%Q`"),
        (Cast::date("%d.%m.%Y %"), "the format `%d.%m.%Y %` has the unknown field `%`"),
        (Cast::timestamp("%F %I"), "the format `%F %I` needs `%I` and `%p` together"),
        (
            Cast::timestamp("%F %z").in_zone(UtcOffset::UTC),
            "a format with `%z` has its own offset and needs no zone",
        ),
        (
            Cast::decimal().thousands('.'),
            "the separator of thousands is that of the fraction; call `comma()` for numbers such as `1.234,50`",
        ),
        (Cast::decimal().thousands('0'), "the separator of thousands can be a part of a number"),
        (Cast::decimal().currency(""), "the sign of a currency is empty"),
        (Cast::decimal().currency("€").percent(), "a percentage has no currency"),
        (Cast::bool(["x"], ["X"]), "the word `x` is both true and false"),
        (Cast::bool(["x"], [""; 0]), "a cast to bool needs words for true and for false"),
    ];
    for (cast, mistake) in table {
        assert_eq!(cast.parse("1").unwrap_err().to_string(), mistake);
        let error = record! {"a" => "1"}.cast("a", &cast).unwrap_err();
        assert_eq!(error.to_string(), format!("field `a`: {mistake}"));
    }
}

#[test]
fn a_cast_prints_as_the_code_that_makes_it() {
    let table = [
        (
            Cast::decimal().comma().thousands('.').currency("€"),
            "Cast::decimal().comma().thousands('.').currency(\"€\")",
        ),
        (Cast::number().percent(), "Cast::number().percent()"),
        (Cast::bool(["ja"], ["nein"]), "Cast::bool([\"ja\"], [\"nein\"])"),
        (Cast::date("%d.%m.%Y"), "Cast::date(\"%d.%m.%Y\")"),
        (Type::UInt.into(), "Type::UInt"),
    ];
    for (cast, code) in table {
        assert_eq!(cast.to_string(), code);
    }
}

proptest! {
    /// Text in the notation of a cast leads to the number that it was written for.
    #[test]
    fn written_numbers_are_read_again(mantissa in -10_i64.pow(15)..10_i64.pow(15), scale in 0_u8..4, is_grouped in any::<bool>()) {
        let number = crate::Decimal::new(mantissa.into(), scale).unwrap();
        let plain = number.to_string();
        let (int, fraction) = plain.split_once('.').unwrap_or((&plain, ""));
        let (sign, digits) = int.strip_prefix('-').map_or(("", int), |digits| ("-", digits));
        let mut text = sign.to_owned();
        for (at, digit) in digits.chars().enumerate() {
            if is_grouped && at > 0 && (digits.len() - at) % 3 == 0 {
                text.push('.');
            }
            text.push(digit);
        }
        if !fraction.is_empty() {
            text.push(',');
            text.push_str(fraction);
        }
        let cast = Cast::decimal().comma().thousands('.');
        prop_assert_eq!(read(&cast, &text), Some(plain.clone()));
        prop_assert_eq!(read(&cast.currency("kr"), &format!("{text} kr")), Some(plain));
    }

    /// No text makes a cast panic, and what it reads from plain text is what a parser reads.
    #[test]
    fn any_text_is_read_or_refused(text in "[-+0-9.,eE% €\u{a0}a-z:TZ]{0,16}") {
        for cast in [Cast::decimal().comma().thousands('.').currency("€"), Cast::integer().percent(), Cast::date("%d.%m.%Y"), Cast::timestamp("%F %T%z"), Cast::bool(["a"], ["b"])] {
            let _ = read(&cast, &text);
        }
        let plain = read(&Cast::decimal(), &text);
        prop_assert_eq!(plain, text.parse::<crate::Decimal>().ok().map(|number| number.to_string()));
    }
}

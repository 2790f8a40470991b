//! Python's `decimal` and `datetime` read and compute the same.
#![allow(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "a panic fails the test, and a skipped test says why"
)]

use std::io::Write;
use std::process::{Command, Stdio};

use godata_etl::{Cast, Decimal};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

const CASES: usize = 3_000;

/// Prints for each line with two decimals and a number of places: the first, the sum, the difference, the product, how they
/// compare, and the first with that many places. All results are exact, and `-` is one that has more than 38 digits.
const DECIMALS: &str = r#"
import sys
from decimal import Context, Decimal, ROUND_HALF_EVEN
context = Context(prec=200, rounding=ROUND_HALF_EVEN)
def shown(number):
    sign, digits, exponent = number.as_tuple()
    places = max(0, -exponent)
    number = abs(number) if not number else number
    fits = places <= 38 and abs(int(number.scaleb(places, context))) < 10**38
    return f"{number:f}" if fits else "-"
for line in sys.stdin:
    a, b, places = line.rstrip("\n").split(" ")
    a, b = Decimal(a), Decimal(b)
    print(shown(a), shown(context.add(a, b)), shown(context.subtract(a, b)), shown(context.multiply(a, b)),
        (a > b) - (a < b), shown(a.quantize(Decimal(1).scaleb(-int(places)), context=context)))
"#;

/// Prints for each line with a format and a text what `strptime` reads, or `-`.
const TIMES: &str = r#"
import sys
from datetime import datetime, timezone
for line in sys.stdin:
    format, text = line.rstrip("\n").split("|")
    try:
        at = datetime.strptime(text, format)
    except ValueError:
        print("-")
        continue
    if at.tzinfo is None:
        at = at.replace(tzinfo=timezone.utc)
    try:
        at = at.astimezone(timezone.utc)
    except OverflowError:
        print("-")
        continue
    print(f"{at.day:02}.{at.month:02}.{at.year:04} {at:%H:%M:%S.%f}")
"#;

/// What Python prints for these lines. `None`, and a word about it, if there is no Python.
fn python(script: &str, lines: &[String]) -> Option<Vec<String>> {
    let check = "import sys; sys.exit(sys.version_info < (3, 11))";
    if !Command::new("python3").args(["-c", check]).status().is_ok_and(|status| status.success()) {
        eprintln!("skipped: there is no python3 of at least 3.11");
        return None;
    }
    let mut command = Command::new("python3");
    // Month names are English.
    let command =
        command.args(["-c", script]).env("LC_ALL", "C.UTF-8").stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let (mut input, text) = (child.stdin.take().unwrap(), lines.join("\n") + "\n");
    let writer = std::thread::spawn(move || input.write_all(text.as_bytes()).unwrap());
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    assert!(output.status.success());
    let printed: Vec<String> = String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect();
    assert_eq!(printed.len(), lines.len());
    Some(printed)
}

fn samples<T: std::fmt::Debug>(strategy: impl Strategy<Value = T>) -> Vec<T> {
    let mut runner = TestRunner::deterministic();
    (0..CASES).map(|_| strategy.new_tree(&mut runner).unwrap().current()).collect()
}

#[test]
fn decimals_compute_as_in_python() {
    let number = || {
        prop_oneof![
            "[+-]?[0-9]{1,4}(\\.[0-9]{0,3})?",
            "-?(0|[1-9][0-9]{0,18})\\.[0-9]{1,18}",
            "-?[1-9][0-9]{0,5}[eE]-[0-9]",
            "\\.[0-9]{1,38}",
        ]
    };
    let cases = samples((number(), number(), 0_u8..12));
    let lines: Vec<String> = cases.iter().map(|(a, b, places)| format!("{a} {b} {places}")).collect();
    let Some(printed) = python(DECIMALS, &lines) else { return };
    for ((a, b, places), printed) in cases.iter().zip(printed) {
        let shown = |number: Option<Decimal>| number.map_or("-".to_owned(), |number| number.to_string());
        let (x, y): (Decimal, Decimal) = (a.parse().unwrap(), b.parse().unwrap());
        let results =
            [shown(Some(x)), shown(x.checked_add(y)), shown(x.checked_sub(y)), shown(x.checked_mul(y))];
        let found = format!("{} {} {}", results.join(" "), x.cmp(&y) as i8, shown(x.rescale(*places)));
        assert_eq!(found, printed, "{a} {b} {places}");
    }
}

#[test]
fn dates_and_times_are_read_as_by_strptime() {
    let formats = [
        ("%d.%m.%Y", "[0-3]?[0-9]\\.[01]?[0-9]\\.[0-9]{3,4}"),
        ("%d/%m/%y", "[0-3]?[0-9]/[01]?[0-9]/[0-9]{2}"),
        ("%Y-%m-%d %H:%M:%S", "[12][0-9]{3}-[01]?[0-9]-[0-3]?[0-9] [0-2]?[0-9]:[0-6]?[0-9]:[0-5]?[0-9]"),
        ("%m/%d/%Y %I:%M %p", "[01]?[0-9]/[0-3]?[0-9]/20[0-9]{2} [01]?[0-9]:[0-6]?[0-9] ([AP]M|am)"),
        ("%d %b %Y", "[0-3]?[0-9]  ?(Jan|feb|MAR|May|Jxn|Dec|Mai) 20[0-9]{2}"),
        ("%a, %d %B %Y", "(Mon|sun|THU), [0-3]?[0-9] (January|may|SEPTEMBER|Maj) 20[0-9]{2}"),
        (
            "%Y%m%dT%H%M%S.%f%z",
            "20[0-9]{2}[01][0-9][0-3][0-9]T[0-2][0-9][0-5][0-9][0-5][0-9]\\.[0-9]{1,6}(Z|[+-][0-2][0-9]:?[0-6][0-9])?",
        ),
    ];
    let texts = prop::sample::select(formats.to_vec())
        .prop_flat_map(|(format, texts)| (Just(format), proptest::string::string_regex(texts).unwrap()));
    let cases = samples(texts);
    let lines: Vec<String> = cases.iter().map(|(format, text)| format!("{format}|{text}")).collect();
    let Some(printed) = python(TIMES, &lines) else { return };
    let mut read = 0;
    for ((format, text), printed) in cases.iter().zip(printed) {
        let at = Cast::timestamp(format).parse(text).ok().and_then(|at| at.as_ref().as_timestamp());
        let shown = at.map_or("-".to_owned(), |at| {
            read += 1;
            let (year, month, day) = at.to_calendar_date();
            let (hour, minute, second, micro) = at.as_hms_micro();
            format!("{day:02}.{:02}.{year:04} {hour:02}:{minute:02}:{second:02}.{micro:06}", u8::from(month))
        });
        assert_eq!(shown, printed, "{format} {text}");
        assert_eq!(Cast::date(format).parse(text).is_ok(), printed != "-", "{format} {text}");
    }
    assert!(read > CASES / 8, "{read} texts are in their format");
}

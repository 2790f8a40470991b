//! Each error, printed by `Display` and by `Debug`.

use godata_core::excerpt_within;
use godata_etl::Origin;

use super::*;

fn column(name: Option<&str>) -> Column {
    Column { number: 3, name: name.map(Into::into) }
}

/// Each variant with its message and the messages of its sources.
fn variants() -> Vec<(CsvError, &'static str, &'static str)> {
    let file = || Arc::<str>::from("a.csv");
    let first = || Arc::<str>::from("first.csv");
    let name = || "amount".to_owned();
    let why = || BoxError::from("why");
    vec![
        (
            CsvError::Delimiter { delimiter: b'"' },
            r#"`\"` can't be the delimiter: use another ASCII character"#,
            "",
        ),
        (
            CsvError::Special { byte: b'\n', role: "quote" },
            r"`\n` can't be the quote: use another ASCII character",
            "",
        ),
        (
            CsvError::MissingHeader { file: file(), is_one_of_many: false },
            "`a.csv` is empty: its header is missing",
            "",
        ),
        (
            CsvError::MissingHeader { file: file(), is_one_of_many: true },
            "`a.csv` is empty: its header is missing; `skip_empty_files` skips it",
            "",
        ),
        (
            CsvError::SepLine { file: file(), delimiter: b';' },
            "a.csv:1: this line declares the delimiter `;`; `sep_line` reads it",
            "",
        ),
        (
            CsvError::OtherDelimiter { file: file(), delimiter: b'\t', expected: b';' },
            r"a.csv:1: this line declares the delimiter `\t`, but the first file has `;`",
            "",
        ),
        (
            CsvError::FileDelimiter { file: file(), line: 1, header: "id\tamount".into(), delimiter: b'\t' },
            "a.csv:1: the header is the single column `id\\tamount`, but its parts are columns of other files (is the \
             delimiter `\\t`?); read files with another delimiter as an input of their own, with `delimiter`",
            "",
        ),
        (
            CsvError::Header {
                file: file(),
                line: 1,
                source: Box::new(CsvError::Utf8 { column: column(None), value: "\u{fffd}".into() }),
            },
            "a.csv:1: the header can't be read",
            ": column 3: `\u{fffd}` is not UTF-8; `Input::encoding` reads other text",
        ),
        (
            CsvError::DuplicateName { file: file(), line: 1, name: name(), first: 2, second: 4 },
            "a.csv:1: columns 2 and 4 have the same name `amount`; `unique_names` numbers them, \
             `drop_trailing_empty` drops empty ones at the end",
            "",
        ),
        (
            CsvError::OtherHeader {
                file: file(),
                line: 1,
                first: first(),
                column: 3,
                found: Some("total".into()),
                expected: Some(name()),
                rule: "a rule",
            },
            "a.csv:1: column 3 is `total`, but `amount` in `first.csv`; a rule",
            "",
        ),
        (
            CsvError::OtherHeader {
                file: file(),
                line: 1,
                first: first(),
                column: 3,
                found: None,
                expected: Some(name()),
                rule: "a rule",
            },
            "a.csv:1: column 3 is missing, which is `amount` in `first.csv`; a rule",
            "",
        ),
        (
            CsvError::OldHeader { column: 3, found: Some(name()), expected: None },
            "column 3 is `amount`, but there is no such column in the records; `columns` sets what is written",
            "",
        ),
        (CsvError::DuplicateGivenName { name: name() }, "the name `amount` was given twice", ""),
        (
            CsvError::UnclosedQuote { column: column(Some("amount")), lines: 0, within: None },
            "column `amount`: the quote that opens here is never closed",
            "",
        ),
        (
            CsvError::UnclosedQuote { column: column(None), lines: 2, within: Some(67_108_864) },
            "column 3: the quote that opens 2 lines below the beginning of the record is not closed within 67108864 bytes",
            "",
        ),
        (
            CsvError::JoinedLines { column: column(Some("amount")), lines: 1, expected: 3, found: 4 },
            "column `amount`: the quote that opens here is closed 1 line below, in a record of 4 instead of 3 columns",
            "",
        ),
        (CsvError::TooLong { limit: 64 }, "the record that begins here is over 64 bytes long", ""),
        (
            CsvError::AfterQuote {
                column: column(Some("amount")),
                cell: "\"5\"".into(),
                lines: 0,
                after: " screen".into(),
                hint: "a hint",
            },
            "column `amount`: ` screen` follows the closing quote of `\"5\"`; quotes are around whole cells, and \
             doubled inside them (RFC 4180); a hint",
            "",
        ),
        (
            CsvError::QuoteInCell { column: column(Some("amount")), cell: "5\"".into(), hint: "a hint" },
            "column `amount`: `5\"` has a quote, but does not begin with one; quotes are around whole cells, and \
             doubled inside them (RFC 4180); a hint",
            "",
        ),
        (CsvError::Columns { expected: 3, found: 2 }, "wrong number of columns: expected 3, found 2", ""),
        (
            CsvError::LikelyDelimiter {
                header: "id\tamount".into(),
                delimiter: b'\t',
                source: Box::new(CsvError::Record { source: why() }),
            },
            r"the header is the single column `id\tamount` (is the delimiter `\t`?)",
            ": the record does not fit its type: why",
        ),
        (
            CsvError::Utf8 { column: column(Some("amount")), value: "\u{fffd}".into() },
            "column `amount`: `\u{fffd}` is not UTF-8; `Input::encoding` reads other text",
            "",
        ),
        (
            CsvError::Nul { column: column(None) },
            "column 3: there is a NUL byte, as in binary files and in UTF-16, which `Input::encoding` reads",
            "",
        ),
        (
            CsvError::Value { column: column(Some("amount")), value: "x".into(), source: why() },
            "column `amount`: `x`",
            ": why",
        ),
        (CsvError::Record { source: why() }, "the record does not fit its type", ": why"),
        (
            CsvError::NotACell { field: name(), found: "a list" },
            "field `amount`: a list can't be written to a CSV cell",
            "",
        ),
        (
            CsvError::NewField {
                field: name(),
                place: Origin::new(7).source("a.jsonl").place(1),
                records: 5,
            },
            "field `amount` of record 8 (a.jsonl) is not in the header, which has the fields of the first 5 records; \
             list all fields with `columns`, take more records with `header_from`, or drop it with \
             `drop_extra_fields`",
            "",
        ),
        (
            CsvError::UnlistedField { field: name() },
            "field `amount` is not one of the columns to write; drop it in a step or list it",
            "",
        ),
        (
            CsvError::NullWord { word: "a,\n".into() },
            r"`a,\n` can't stand for null, because it needs quotes",
            "",
        ),
        (CsvError::NoFields, "records without fields can't be written as CSV", ""),
    ]
}

#[test]
fn each_error_displays_its_message_and_debugs_its_chain() {
    for (error, message, sources) in variants() {
        assert_eq!(error.to_string(), message);
        assert_eq!(format!("{error:?}"), format!("{message}{sources}"));
    }
}

#[test]
fn a_column_without_a_name_shows_its_number() {
    assert_eq!(column(None).to_string(), "column 3");
    assert_eq!(column(Some("a")).to_string(), "column `a`");
}

#[test]
fn no_error_prints_a_character_that_a_terminal_obeys_or_a_text_without_end() {
    for text in ["a\n\u{1b}[2J\u{202e}\u{200b}\u{2028}\u{9b}\u{e0041}".to_owned(), "x".repeat(1 << 20)] {
        let file = || Arc::<str>::from(&*text);
        let name = || text.clone();
        let column = || column(Some(&text));
        let errors = [
            CsvError::MissingHeader { file: file(), is_one_of_many: false },
            CsvError::SepLine { file: file(), delimiter: b';' },
            CsvError::OtherDelimiter { file: file(), delimiter: b'\t', expected: b';' },
            CsvError::FileDelimiter { file: file(), line: 1, header: name(), delimiter: b'\t' },
            CsvError::Header {
                file: file(),
                line: 1,
                source: Box::new(CsvError::Utf8 { column: column(), value: name() }),
            },
            CsvError::DuplicateName { file: file(), line: 1, name: name(), first: 2, second: 4 },
            CsvError::OtherHeader {
                file: file(),
                line: 1,
                first: file(),
                column: 3,
                found: Some(name()),
                expected: Some(name()),
                rule: "a rule",
            },
            CsvError::OldHeader { column: 3, found: Some(name()), expected: Some(name()) },
            CsvError::DuplicateGivenName { name: name() },
            CsvError::UnclosedQuote { column: column(), lines: 1, within: None },
            CsvError::AfterQuote { column: column(), cell: name(), lines: 0, after: name(), hint: "a hint" },
            CsvError::QuoteInCell { column: column(), cell: name(), hint: "a hint" },
            CsvError::LikelyDelimiter {
                header: name(),
                delimiter: b'\t',
                source: Box::new(CsvError::Record { source: name().into() }),
            },
            CsvError::Nul { column: column() },
            CsvError::Value { column: column(), value: name(), source: name().into() },
            CsvError::NotACell { field: name(), found: "a list" },
            CsvError::NewField { field: name(), place: Origin::new(7).source(&*text).place(1), records: 5 },
            CsvError::OtherColumns {
                input: (&*text).into(),
                header_of: (&*text).into(),
                new: vec![name(); 100],
                missing: vec![name(); 100],
            },
            CsvError::UnlistedField { field: name() },
            CsvError::NullWord { word: name() },
        ];
        for error in errors {
            assert!(error.to_string().len() < 2_000);
            let chain = format!("{error:?}");
            assert!(chain.len() < 4_000 && excerpt_within(&chain, chain.len()) == chain, "{chain}");
        }
    }
}

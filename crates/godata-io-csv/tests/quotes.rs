//! Quotes that RFC 4180 does not allow are errors, unless they are accepted.
#![allow(clippy::unwrap_used, reason = "a panic fails the test")]

mod support;

use godata_core::{RunContext, excerpt};
use godata_etl::{Pipeline, Record, Records, record};
use godata_io_csv::{BlankLines, CsvReader, Input, Ragged};
use proptest::prelude::*;
use serde::Deserialize;

use godata_io_csv as csv;
use support::{Folder, Outcome, batches, records, records_with, typed, typed_with};

/// The columns of all texts here.
const NAMES: [&str; 3] = ["a", "b", "c"];

/// A struct that reads one column and skips the others.
#[derive(Debug, Deserialize, PartialEq)]
struct Row {
    b: Option<String>,
}

/// What is allowed beyond RFC 4180.
#[derive(Clone, Copy, Debug, Default)]
struct Allowed {
    spaces: bool,
    blank: BlankLines,
}

/// Parses a text byte by byte. Each record has the line on which it begins.
struct Reference<'a> {
    text: &'a [u8],
    at: usize,
    line: u64,
    allowed: Allowed,
}

/// Why a record ends before its last cell.
enum Broken {
    /// The line of the quote.
    Unclosed(u64),
    AfterQuote(String),
}

impl Reference<'_> {
    /// The records, or the error of the first bad one.
    fn records(text: &str, allowed: Allowed) -> Outcome<Vec<Vec<String>>> {
        let mut parser = Reference { text: text.as_bytes(), at: 0, line: 1, allowed };
        let mut records = Vec::new();
        loop {
            while parser.blank_line() {}
            if parser.peek().is_none() {
                return Ok(records);
            }
            let place = format!("read failed at record {} (orders.csv:{})", records.len() + 1, parser.line);
            let (cells, problem) = parser.record();
            if let Some(problem) = problem {
                return Err(format!("{place}: {problem}"));
            }
            records.push(cells);
        }
    }

    /// A record, and what is wrong with its quotes.
    fn record(&mut self) -> (Vec<String>, Option<String>) {
        let (mut cells, mut problem, first) = (Vec::new(), None, self.line);
        loop {
            let name =
                NAMES.get(cells.len()).map_or(format!("{}", cells.len() + 1), |name| format!("`{name}`"));
            let named = |wrong: String| format!("column {name}: {wrong}");
            let (cell, wrong) = match self.cell() {
                Ok(cell) => cell,
                Err(Broken::Unclosed(line)) => {
                    let opens = match line - first {
                        0 => "here".to_owned(),
                        1 => "1 line below the beginning of the record".to_owned(),
                        lines => format!("{lines} lines below the beginning of the record"),
                    };
                    return (cells, Some(named(format!("the quote that opens {opens} is never closed"))));
                }
                Err(Broken::AfterQuote(wrong)) => return (cells, problem.or(Some(named(wrong)))),
            };
            cells.push(cell);
            problem = problem.or(wrong.map(named));
            if self.peek() == Some(b',') {
                self.at += 1;
            } else {
                self.line_break();
                return (cells, problem);
            }
        }
    }

    fn cell(&mut self) -> Result<(String, Option<String>), Broken> {
        let rule = |is_spaced, lines| {
            let hint = match (is_spaced, lines) {
                (true, _) => "`spaces_around_quotes` reads it as a quoted cell",
                (false, 0) => "`lenient_quotes` accepts it",
                (false, _) => {
                    "the opening quote is probably a lone one; remove it, or read quotes as text with `no_quotes`"
                }
            };
            format!("quotes are around whole cells, and doubled inside them (RFC 4180); {hint}")
        };
        let spaces = self.spaces(self.at);
        if self.text.get(self.at + spaces) == Some(&b'"') {
            self.at += spaces;
        } else {
            let text = self.unquoted();
            let rule = rule(text.trim_start().starts_with('"'), 0);
            let problem = format!("`{}` has a quote, but does not begin with one; {rule}", excerpt(&text));
            return Ok((text.clone(), text.contains('"').then_some(problem)));
        }
        let (start, line, mut text) = (self.at, self.line, String::new());
        self.at += 1;
        loop {
            match self.peek() {
                None => return Err(Broken::Unclosed(line)),
                Some(b'"') if self.text.get(self.at + 1) == Some(&b'"') => {
                    text.push('"');
                    self.at += 2;
                }
                Some(b'"') => break self.at += 1,
                Some(byte) => {
                    text.push(byte as char);
                    if !self.line_break() {
                        self.at += 1;
                    } else if self.text[self.at - 1] != byte {
                        text.push('\n');
                    }
                }
            }
        }
        let raw = excerpt(std::str::from_utf8(&self.text[start..self.at]).unwrap());
        let lines = match self.line - line {
            0 => String::new(),
            1 => ", 1 line below the opening one".to_owned(),
            lines => format!(", {lines} lines below the opening one"),
        };
        let mut rest = self.unquoted();
        if self.allowed.spaces && rest.trim().is_empty() {
            rest.clear();
        }
        let (rule, shown) = (rule(rest.trim().is_empty(), self.line - line), excerpt(&rest));
        let problem = format!("`{shown}` follows the closing quote of `{raw}`{lines}; {rule}");
        if rest.is_empty() { Ok((text, None)) } else { Err(Broken::AfterQuote(problem)) }
    }

    /// Moves past a blank line, if one is next.
    fn blank_line(&mut self) -> bool {
        let end = self.text[self.at..].iter().position(|byte| b"\r\n".contains(byte));
        let line = &self.text[self.at..end.map_or(self.text.len(), |end| self.at + end)];
        let is_blank = line.iter().all(|byte| match self.allowed.blank {
            BlankLines::White => b" \t".contains(byte),
            BlankLines::EmptyCells => b" \t,".contains(byte),
            _ => false,
        });
        if is_blank {
            self.at += line.len();
        }
        is_blank && (self.line_break() || !line.is_empty())
    }

    /// The spaces that are next, if they may be around quotes.
    fn spaces(&self, from: usize) -> usize {
        let spaces = self.text[from..].iter().take_while(|byte| b" \t".contains(byte)).count();
        if self.allowed.spaces { spaces } else { 0 }
    }

    /// The bytes up to the end of a cell.
    fn unquoted(&mut self) -> String {
        let start = self.at;
        while !matches!(self.peek(), None | Some(b',' | b'\r' | b'\n')) {
            self.at += 1;
        }
        String::from_utf8(self.text[start..self.at].to_vec()).unwrap()
    }

    /// Moves past a line break, if one is next.
    fn line_break(&mut self) -> bool {
        let len = match (self.peek(), self.text.get(self.at + 1)) {
            (Some(b'\r'), Some(b'\n')) => 2,
            (Some(b'\r' | b'\n'), _) => 1,
            _ => return false,
        };
        self.at += len;
        self.line += 1;
        true
    }

    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }
}

fn apply<B>(reader: CsvReader<B>, allowed: Allowed) -> CsvReader<B> {
    let reader = reader.blank_lines(allowed.blank);
    if allowed.spaces { reader.spaces_around_quotes() } else { reader }
}

/// Compares all ways to read a text with the reference.
fn check(text: &str, allowed: Allowed, workers: usize, size: usize) {
    let folder = Folder::new(text.as_bytes());
    let builder = || Pipeline::builder("test").workers(workers);
    let reader = csv::read_records(&folder.path).names(NAMES).ragged(Ragged::Cut).block_size(size);
    let reader = apply(reader, allowed);
    let expected = Reference::records(text, allowed);

    let found = batches(&folder, builder().read(reader.clone()));
    let cell = |record: &[String], at: usize| record.get(at).cloned();
    let rows = |records: Vec<Vec<String>>| -> Vec<Record> {
        records.iter().map(|record| (0..3).map(|at| (NAMES[at], cell(record, at))).collect()).collect()
    };
    let found = found.map(|found| found.into_iter().flat_map(Records::into_records).collect());
    assert_eq!(found, expected.clone().map(rows), "{text:?}, {workers} workers, blocks of {size} bytes");

    let selected = batches(&folder, builder().read(reader.nulls(["x"])).select(["b"])).map(drop);
    assert_eq!(selected, expected.clone().map(drop), "{text:?}");

    let reader = csv::read::<Row>(&folder.path).names(NAMES).ragged(Ragged::Cut).block_size(size);
    let reader = apply(reader, allowed);
    let found = batches(&folder, builder().read(reader)).map(|found| found.into_iter().flatten().collect());
    let rows = |records: Vec<Vec<String>>| -> Vec<Row> {
        records.iter().map(|record| Row { b: cell(record, 1).filter(|cell| !cell.is_empty()) }).collect()
    };
    assert_eq!(found, expected.map(rows), "{text:?}, {workers} workers, blocks of {size} bytes");
}

fn allowed() -> impl Strategy<Value = Allowed> {
    let blank = prop::sample::select(vec![BlankLines::Empty, BlankLines::White, BlankLines::EmptyCells]);
    (any::<bool>(), blank).prop_map(|(spaces, blank)| Allowed { spaces, blank })
}

/// A table in which quotes were inserted or removed at some places.
fn damaged() -> impl Strategy<Value = String> {
    let cell =
        prop::sample::select(vec!["", "x", "5' disk", "\"\"", "\"x\"", "\"a,\"\"b\"\"\r\nc\"", "\"x\n\""]);
    let row = prop::collection::vec(cell, 3).prop_map(|cells| cells.join(",") + "\n");
    let change = (any::<prop::sample::Index>(), any::<bool>());
    (prop::collection::vec(row, 1..30), prop::collection::vec(change, 0..3)).prop_map(|(rows, changes)| {
        let mut text = rows.concat();
        for (at, inserts) in changes {
            let quotes: Vec<usize> = text.match_indices('"').map(|(at, _)| at).collect();
            if inserts || quotes.is_empty() {
                text.insert(at.index(text.len()), '"');
            } else {
                text.remove(*at.get(&quotes));
            }
        }
        text
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_is_read_as_by_a_simple_parser(
        text in "[\",\r\na \t]{0,24}",
        allowed in allowed(),
        workers in 1usize..4,
        size in 1usize..40,
    ) {
        check(&text, allowed, workers, size);
    }

    #[test]
    fn a_damaged_table_is_refused_as_by_a_simple_parser(text in damaged(), workers in 1usize..4, size in 1usize..200) {
        check(&text, Allowed::default(), workers, size);
    }
}

/// Checks the error of a text, for structs and dynamic records, and how lenient reading reads it.
#[track_caller]
fn refused(rows: &str, error: &str, lenient: &[[&str; 2]]) {
    let text = format!("a,b\n{rows}");
    let rule = "quotes are around whole cells, and doubled inside them (RFC 4180)";
    let expected = format!("read failed at {}", error.replace("{rule}", rule));
    assert_eq!(records(text.as_bytes()), Err(expected.clone()));
    assert_eq!(typed::<Row>(text.as_bytes()), Err(expected));
    let rows: Vec<Record> = lenient.iter().map(|[a, b]| record! {"a" => *a, "b" => *b}).collect();
    assert_eq!(records_with(text.as_bytes(), |reader| reader.lenient_quotes()), Ok(rows));
    let rows: Vec<Row> = lenient.iter().map(|[_, b]| Row { b: Some((*b).to_owned()) }).collect();
    assert_eq!(typed_with(text.as_bytes(), |reader| reader.lenient_quotes()), Ok(rows));
}

#[test]
fn a_stray_quote_is_named_with_its_cell() {
    refused(
        "1,2\n1,\"Boston\n2,\"Austin\n",
        "record 2 (orders.csv:3): column `b`: `Austin` follows the closing quote of `\"Boston\\n2,\"`, \
         1 line below the opening one; {rule}; the opening quote is probably a lone one; remove it, or read quotes as text \
         with `no_quotes`",
        &[["1", "2"], ["1", "Boston\n2,Austin"]],
    );
    refused(
        "1,\"5\" screen\"\n",
        "record 1 (orders.csv:2): column `b`: ` screen\"` follows the closing quote of `\"5\"`; {rule}; \
         `lenient_quotes` accepts it",
        &[["1", "5 screen\""]],
    );
    refused(
        "\n\"a\"b,2\n",
        "record 1 (orders.csv:3): column `a`: `b` follows the closing quote of `\"a\"`; {rule}; \
         `lenient_quotes` accepts it",
        &[["ab", "2"]],
    );
    refused(
        "1,5\" screen\n",
        "record 1 (orders.csv:2): column `b`: `5\" screen` has a quote, but does not begin with one; {rule}; \
         `lenient_quotes` accepts it",
        &[["1", "5\" screen"]],
    );
    refused(
        "1,\"{\\\"a\\\": 1}\"\n",
        "record 1 (orders.csv:2): column `b`: `a\\\": 1}\"` follows the closing quote of `\"{\\\"`; {rule}; \
         `escape` with `\\` reads `\\\"` as a quote",
        &[["1", "{\\a\\\": 1}\""]],
    );
}

#[test]
fn two_lone_quotes_two_thousand_lines_apart_are_found() {
    let row = |id: usize| match id {
        500 => "500,\"Boston,10\n".to_owned(),
        2500 => "2500,\"Austin,20\n".to_owned(),
        id => format!("{id},Rome,30\n"),
    };
    let rows: String = (1..=3000).map(row).collect();
    for header in ["id,city,price\n", "id,city,price\r\n"] {
        let folder = Folder::new(format!("{header}{rows}").as_bytes());
        for workers in [1, 3] {
            let flow = Pipeline::builder("test").workers(workers).read(csv::read_records(&folder.path));
            let error = batches(&folder, flow).unwrap_err();
            let place = "read failed at record 500 (orders.csv:501): column `city`: `Austin` follows";
            assert!(error.starts_with(place), "{error}");
            assert!(error.contains("`, 2000 lines below the opening one; "), "{error}");
        }
    }
}

#[test]
fn a_stray_quote_in_the_header_is_refused() {
    let expected = "read failed: orders.csv:1: the header can't be read: column 2: `5\" screen` has a quote, but does \
                    not begin with one; quotes are around whole cells, and doubled inside them (RFC 4180); \
                    `lenient_quotes` accepts it";
    let text = b"id,5\" screen\nA,1\n";
    assert_eq!(records(text), Err(expected.to_owned()));
    let expected = record! {"id" => "A", "5\" screen" => "1"};
    assert_eq!(records_with(text, |reader| reader.lenient_quotes()), Ok(vec![expected]));
}

#[test]
fn a_stray_quote_is_found_whatever_else_makes_a_block_unusual() {
    let expected = "read failed at record 2 (orders.csv:3): column `b`: `x` follows the closing quote";
    let starts = |found: Outcome<Vec<Record>>| {
        let error = found.unwrap_err();
        assert!(error.starts_with(expected), "{error}");
    };
    let text = b"a,b\n1,2\n3,\"4\"x\n";
    starts(records_with(text, |reader| reader.nulls(["1"])));
    starts(records_with(text, |reader| reader.trim(csv::Trim::All)));
    starts(records_with(text, |reader| reader.escape(b'\\')));
    starts(records_with(text, |reader| reader.comment(b'#')));
    starts(records_with(text, |reader| reader.ragged(Ragged::Pad)));
    starts(records_with(&text.map(|byte| if byte == b'"' { b'\'' } else { byte }), |reader| {
        reader.quote(b'\'')
    }));
    // A stray quote is more telling than the wrong number of cells that it causes.
    starts(records_with(b"a,b\n1,2\n3,\"4\n5,\"x,7\n", |reader| reader));
    // Fields of any type and unusual cells are read by the `csv` crate.
    let found = typed::<(u8, u128)>(b"a,b\n1,2\n3,\"4\"x\n").unwrap_err();
    assert!(found.starts_with(expected), "{found}");
    // Comments and escaped quotes are no cells.
    let text = b"a,b\n# 5\" x\n1,\"\\\"x\"\n";
    let found = records_with(text, |reader| reader.comment(b'#').escape(b'\\'));
    assert_eq!(found, Ok(vec![record! {"a" => "1", "b" => "\"x"}]));
}

#[test]
fn an_open_quote_is_named_even_if_over_64_mib_follow_it() {
    let text = format!("a,b\n1,2\n3,\"{}", "x".repeat(65 << 20));
    let flow = Pipeline::builder("test").read(csv::read_records(Input::bytes("orders.csv", text)));
    let pipeline = flow.write_fn(async |_, _| Ok(())).unwrap();
    let error = pipeline.run_blocking(&RunContext::new()).unwrap_err();
    let expected = "read failed at record 2 (orders.csv:3): column `b`: the quote that opens here is not closed within \
                    67108863 bytes";
    assert_eq!(format!("{error:#}"), expected);
}

#[test]
fn spaces_around_quotes_are_allowed_on_request() {
    let text = "id, \"name\" ,note\nA, \"Lee, \"\"Ann\"\"\"\t, x \n\"B\" , \"\n\" ,\"y\"\n";
    let spaces = |reader: CsvReader<Records>| reader.spaces_around_quotes();
    let expected = vec![
        record! {"id" => "A", "name" => "Lee, \"Ann\"", "note" => " x "},
        record! {"id" => "B", "name" => "\n", "note" => "y"},
    ];
    assert_eq!(records_with(text.as_bytes(), spaces), Ok(expected));
    #[derive(Debug, Deserialize, PartialEq)]
    struct Named {
        name: String,
    }
    let found = typed_with::<Named>(text.as_bytes(), |reader| reader.spaces_around_quotes());
    assert_eq!(found.unwrap()[0].name, "Lee, \"Ann\"");
    let rule = "quotes are around whole cells, and doubled inside them (RFC 4180)";
    let hint = "`spaces_around_quotes` reads it as a quoted cell";
    let expected = format!("column `b`: ` \"x\"` has a quote, but does not begin with one; {rule}; {hint}");
    let found = records(b"a,b\n1, \"x\"\n");
    assert_eq!(found, Err(format!("read failed at record 1 (orders.csv:2): {expected}")));
    let expected = format!("column `a`: ` ` follows the closing quote of `\"x\"`; {rule}; {hint}");
    let found = records(b"a,b\n\"x\" ,\n");
    assert_eq!(found, Err(format!("read failed at record 1 (orders.csv:2): {expected}")));
    // Other options go together with it. A quoted word is never null.
    let text = b"a;b\n 'x\\'; y' ; NA\n 'NA' ;'z";
    let options =
        |reader: CsvReader<Records>| spaces(reader).quote(b'\'').escape(b'\\').delimiter(b';').nulls([" NA"]);
    let expected =
        "read failed at record 2 (orders.csv:3): column `b`: the quote that opens here is never closed";
    assert_eq!(records_with(text, options), Err(expected.to_owned()));
    let expected = vec![record! {"a" => "x'; y", "b" => ()}, record! {"a" => "NA", "b" => "z"}];
    assert_eq!(records_with(&[&text[..], b"' "].concat(), options), Ok(expected.clone()));
    let text = [&b" 'a' ; b\n\n"[..], &text[4..], b"'"].concat();
    let found = records_with(&text, |reader| options(reader).trim(csv::Trim::Header));
    assert_eq!(found, Ok(expected));
    // The tab that separates cells is no space.
    let found = records_with(b"a\tb\n\t\"x\" \n", |reader| spaces(reader).delimiter(b'\t'));
    assert_eq!(found, Ok(vec![record! {"a" => "", "b" => "x"}]));
}

#[test]
fn lines_of_white_space_or_of_empty_cells_are_blank_on_request() {
    let text = "\n \t\na,b\n1,2\n  \r\n,\n , \n\"\",\n3,x\n \t";
    let row = |a: &str, b: &str| record! {"a" => a, "b" => b};
    let blank = |blank| records_with(text.as_bytes(), move |reader| reader.blank_lines(blank));
    assert!(
        blank(BlankLines::Empty)
            .unwrap_err()
            .starts_with("read failed at record 1 (orders.csv:3): the header is")
    );
    let rows = [row("1", "2"), row("", ""), row(" ", " "), row("", ""), row("3", "x")];
    assert_eq!(blank(BlankLines::White), Ok(rows.to_vec()));
    let rows = [row("1", "2"), row("", ""), row("3", "x")];
    assert_eq!(blank(BlankLines::EmptyCells), Ok(rows.to_vec()));
    // Lines are counted, and white space inside quotes is a part of the cell.
    let text = b"a\n \n\"\n \n\"\n\n\t\n1,2\n";
    let expected = "read failed at record 2 (orders.csv:8): wrong number of columns: expected 1, found 2";
    assert_eq!(records_with(text, |reader| reader.blank_lines(BlankLines::White)), Err(expected.into()));
    // A tab that separates cells is not white space, and a file of white space is empty.
    let found =
        records_with(b"a\tb\n\t\n  \n", |reader| reader.delimiter(b'\t').blank_lines(BlankLines::White));
    assert_eq!(found, Ok(vec![row("", "")]));
    let found = records_with(b" \n\t", |reader| reader.blank_lines(BlankLines::White));
    assert_eq!(found, Err("read failed: `orders.csv` is empty: its header is missing".into()));
    let found = typed_with::<(u8,)>(b"#x\n \n1\n #\n", |reader| {
        reader.no_header().comment(b'#').blank_lines(BlankLines::White)
    });
    let expected = "read failed at record 2 (orders.csv:4): column 1: ` #`: invalid digit found in string";
    assert_eq!(found, Err(expected.into()));
}

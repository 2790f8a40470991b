//! The main job: orders in CSV become JSON Lines, whatever the input looks like and however many workers there are.

#![allow(clippy::unwrap_used, reason = "a test that can't go on fails")]

mod support;

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::path::Path;

use godata::prelude::*;
use serde::{Deserialize, Serialize};
use serde_json::to_string as json;

use support::Folder;

const ROWS: u64 = 20_000;

/// Orders as they were made, with which files and what must become of them are made independently.
struct Orders {
    names: Vec<&'static str>,
    rows: Vec<Vec<String>>,
}

/// The numbers of a linear congruential generator, the same in every run.
fn numbers(seed: u64) -> impl Iterator<Item = u64> {
    let next =
        |x: &u64| Some(x.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407));
    std::iter::successors(Some(seed), next).skip(1).map(|x| x >> 33)
}

fn status(number: u64) -> String {
    ["paid", "pending", "refunded"][(number / 7 % 3) as usize].to_owned()
}

fn amount(number: u64) -> String {
    format!("{}.{:02}", number % 100_000 / 100, number % 100)
}

impl Orders {
    fn narrow() -> Self {
        let mut numbers = numbers(42);
        let mut number = || numbers.next().unwrap();
        let row = |i| vec![format!("ORD-{i:07}"), amount(number()), status(number())];
        Self { names: vec!["order_id", "amount", "status"], rows: (0..ROWS).map(row).collect() }
    }

    fn wide() -> Self {
        let mut numbers = numbers(7);
        let mut number = || numbers.next().unwrap();
        let cities = ["Berlin", "Hamburg", "München", "Köln", "Frankfurt am Main"];
        let row = |i| {
            let (a, s, k) = (number(), number(), number());
            let note = match k % 5 {
                0 => format!("said \"ok\" on day {}, call back", k % 365),
                1 => format!("line, with comma {}", k % 100),
                2 => format!("two\nlines, and a \"quote\" {}", k % 100),
                3 => "\"".repeat((k % 7) as usize),
                _ => String::new(),
            };
            vec![
                format!("ORD-{i:07}"),
                format!("Doe {}, Jane", k % 9_999),
                format!("jane{}@example.com", k % 99_999),
                format!("{} Main St, Apt {}", k % 200, k % 50),
                cities[(k % 5) as usize].to_owned(),
                format!("{:05}", k % 99_999),
                "DE".to_owned(),
                status(s),
                amount(a),
                "EUR".to_owned(),
                (k % 9 + 1).to_string(),
                format!("SKU-{:06}", k % 999_999),
                format!("Widget \"Pro\" {}", k % 100),
                note,
                format!("2026-{:02}-{:02}T10:20:30Z", k % 12 + 1, k % 28 + 1),
                "web".to_owned(),
                format!("camp-{}", k % 40),
                format!("10.0.{}.{}", k % 256, k % 251),
                "true".to_owned(),
                format!(" {} ", k % 3),
            ]
        };
        let names = "order_id,customer,email,street,city,zip,country,status,amount,currency,qty,sku,title,note,\
                     created_at,channel,campaign,ip,flag,spaces";
        Self { names: names.split(',').collect(), rows: (0..ROWS).map(row).collect() }
    }

    fn csv(&self, style: Style) -> String {
        let mut text = String::from(if style.mark { "\u{feff}" } else { "" });
        let names: Vec<_> = self.names.iter().map(ToString::to_string).collect();
        for cells in std::iter::once(&names).chain(&self.rows) {
            for (position, cell) in cells.iter().enumerate() {
                if position > 0 {
                    text.push(',');
                }
                if style.quotes_all || cell.contains([',', '"', '\n']) {
                    write!(text, "\"{}\"", cell.replace('"', "\"\"")).unwrap();
                } else {
                    text.push_str(cell);
                }
            }
            text.push_str(style.end);
        }
        let last = if style.is_ended { text.len() } else { text.len() - style.end.len() };
        text.truncate(last);
        text
    }

    fn cell<'a>(&self, row: &'a [String], name: &str) -> &'a str {
        &row[self.names.iter().position(|found| *found == name).unwrap()]
    }

    fn paid(&self) -> impl Iterator<Item = &Vec<String>> {
        self.rows.iter().filter(|row| self.cell(row, "status") == "paid")
    }

    /// What the job has to write: all fields in their order, the amount with the digits that it has, and `gross`.
    fn expected(&self) -> String {
        let mut text = String::new();
        for row in self.paid() {
            for (position, (name, cell)) in self.names.iter().zip(row).enumerate() {
                let value = if *name == "amount" { cell.clone() } else { json(cell).unwrap() };
                write!(text, "{}\"{name}\":{value}", if position == 0 { '{' } else { ',' }).unwrap();
            }
            let amount: f64 = self.cell(row, "amount").parse().unwrap();
            writeln!(text, ",\"gross\":{}}}", json(&(amount * 1.19)).unwrap()).unwrap();
        }
        text
    }
}

/// How a file is written down.
#[derive(Clone, Copy)]
struct Style {
    end: &'static str,
    mark: bool,
    quotes_all: bool,
    is_ended: bool,
}

const PLAIN: Style = Style { end: "\n", mark: false, quotes_all: false, is_ended: true };

/// The pipeline of `examples/orders_cleanup.rs`.
fn cleanup(builder: godata::PipelineBuilder, input: &Path, output: &Path) -> Pipeline {
    builder
        .read(csv::read_records(input))
        .try_filter(|r| Ok(r.text("status")? == "paid"))
        .cast("amount", Type::Float)
        .derive("gross", |r| Ok(r.f64("amount")? * 1.19))
        .write(jsonl::write(output))
        .unwrap()
}

fn builder(workers: usize) -> godata::PipelineBuilder {
    Pipeline::builder("orders-cleanup").workers(workers)
}

/// Where two texts part, without printing them as a whole.
#[track_caller]
fn assert_same(found: &str, expected: &str, what: &str) {
    if found != expected {
        let number = found.lines().zip(expected.lines()).take_while(|(a, b)| a == b).count();
        let line = |text: &str| text.lines().nth(number).map(str::to_owned);
        panic!("{what}: line {}: {:?} instead of {:?}", number + 1, line(found), line(expected));
    }
}

#[test]
fn any_number_of_workers_writes_the_expected_bytes() {
    for orders in [Orders::narrow(), Orders::wide()] {
        let folder = Folder::new();
        let (input, output) =
            (folder.write("orders.csv", orders.csv(PLAIN)), folder.write("paid.jsonl", "old"));
        for workers in [1, 2, 8] {
            let cx = RunContext::new();
            let report = cleanup(builder(workers), &input, &output).run_blocking(&cx).unwrap();
            let written = fs::read_to_string(&output).unwrap();
            assert_same(&written, &orders.expected(), &format!("{workers} workers"));
            assert_eq!(folder.files().len(), 2);
            check_report(&report, &cx, &orders, &input, &output);
        }
    }
}

fn check_report(report: &RunReport, cx: &RunContext, orders: &Orders, input: &Path, output: &Path) {
    let (paid, size) = (orders.paid().count() as u64, |path| fs::metadata(path).unwrap().len());
    assert_eq!((&*report.pipeline, report.run_id), ("orders-cleanup", cx.run_id()));
    assert_eq!((report.read.records, report.read.bytes), (ROWS, size(input)));
    let steps: Vec<_> =
        report.steps.iter().map(|s| (s.name, s.records_in, s.records_out, s.dropped, s.expanded)).collect();
    let dropped = ROWS - paid;
    assert_eq!(
        steps,
        [("try_filter", ROWS, paid, dropped, 0), ("cast", paid, paid, 0, 0), ("derive", paid, paid, 0, 0)]
    );
    assert_eq!((report.written.records, report.written.bytes), (paid, size(output)));
    assert!(report.read.batches > 1 && report.written.batches > 1, "one batch shows nothing");
    assert_eq!(report.unfinished(), 0);
    let progress = cx.progress();
    assert_eq!((progress.records_read(), progress.bytes_read()), (ROWS, size(input)));
    assert_eq!((progress.records_written(), progress.bytes_written()), (paid, size(output)));
    assert_eq!(progress.bytes_expected(), Some(size(input)));
}

#[test]
fn unordered_writes_the_same_lines() {
    for orders in [Orders::narrow(), Orders::wide()] {
        let folder = Folder::new();
        let (input, output) = (folder.write("orders.csv", orders.csv(PLAIN)), folder.path("paid.jsonl"));
        let cx = RunContext::new();
        let report = cleanup(builder(8).unordered(), &input, &output).run_blocking(&cx).unwrap();
        check_report(&report, &cx, &orders, &input, &output);
        let sorted = |text: &str| {
            let mut lines: Vec<_> = text.split_inclusive('\n').collect();
            lines.sort_unstable();
            lines.concat()
        };
        let written = fs::read_to_string(&output).unwrap();
        assert_same(&sorted(&written), &sorted(&orders.expected()), "unordered");
    }
}

#[test]
fn how_a_file_is_written_down_makes_no_difference() {
    let orders = Orders::wide();
    let expected = orders.expected();
    let styles = [
        ("CRLF", Style { end: "\r\n", ..PLAIN }),
        ("CR", Style { end: "\r", ..PLAIN }),
        ("a byte order mark", Style { mark: true, ..PLAIN }),
        ("a byte order mark and CRLF", Style { mark: true, end: "\r\n", ..PLAIN }),
        ("blank lines", Style { end: "\n\r\n\n", ..PLAIN }),
        ("no last line end", Style { is_ended: false, ..PLAIN }),
        ("quotes everywhere", Style { quotes_all: true, end: "\r\n", ..PLAIN }),
    ];
    for (what, style) in styles {
        let folder = Folder::new();
        let (input, output) = (folder.write("orders.csv", orders.csv(style)), folder.path("paid.jsonl"));
        let cx = RunContext::new();
        let report = cleanup(builder(4), &input, &output).run_blocking(&cx).unwrap();
        assert_same(&fs::read_to_string(&output).unwrap(), &expected, what);
        check_report(&report, &cx, &orders, &input, &output);
    }
}

#[derive(Deserialize)]
struct Order {
    order_id: String,
    amount: f64,
    status: String,
}

#[derive(Serialize)]
struct Paid {
    order_id: String,
    amount: f64,
    status: String,
    gross: f64,
}

impl From<Order> for Paid {
    fn from(order: Order) -> Self {
        let gross = order.amount * 1.19;
        Self { order_id: order.order_id, amount: order.amount, status: order.status, gross }
    }
}

/// The values of each line, numbers as numbers however they are written.
fn values(text: &str) -> Vec<BTreeMap<String, serde_json::Value>> {
    let number = |value| match value {
        serde_json::Value::Number(number) => number.as_f64().unwrap().into(),
        other => other,
    };
    let line = |line| -> BTreeMap<String, serde_json::Value> { serde_json::from_str(line).unwrap() };
    let fields = text.lines().map(|text| line(text).into_iter().map(|(name, value)| (name, number(value))));
    fields.map(Iterator::collect).collect()
}

#[test]
fn structs_and_records_agree() {
    for orders in [Orders::narrow(), Orders::wide()] {
        let folder = Folder::new();
        let (input, output) = (folder.write("orders.csv", orders.csv(PLAIN)), folder.path("paid.jsonl"));
        let expected: Vec<_> = values(&orders.expected())
            .into_iter()
            .map(|mut fields| {
                fields.retain(|name, _| ["order_id", "amount", "status", "gross"].contains(&&**name));
                fields
            })
            .collect();
        let paid = |order: &Order| order.status == "paid";
        let pipelines = [
            builder(4)
                .read(csv::read::<Order>(&input))
                .filter(paid)
                .map(Paid::from)
                .write(jsonl::write(&output)),
            builder(4)
                .read(csv::read_records(&input))
                .typed::<Order>()
                .filter(paid)
                .map(Paid::from)
                .untyped()
                .write(jsonl::write(&output)),
            builder(4)
                .read(csv::read_records(&input))
                .filter(|r| r.str("status") == Some("paid"))
                .select(["order_id", "amount", "status"])
                .transform(|r| {
                    let amount = r.f64("amount")?;
                    r.set("amount", amount);
                    r.set("gross", amount * 1.19);
                    Ok(())
                })
                .write(jsonl::write(&output)),
        ];
        for (way, pipeline) in pipelines.into_iter().enumerate() {
            pipeline.unwrap().run_blocking(&RunContext::new()).unwrap();
            let found = values(&fs::read_to_string(&output).unwrap());
            assert_eq!(found.len(), expected.len());
            for (number, (found, expected)) in found.iter().zip(&expected).enumerate() {
                assert_eq!(found, expected, "way {way}, line {}", number + 1);
            }
        }
    }
}

#[test]
fn orders_survive_a_round_trip_over_json_lines() {
    for orders in [Orders::narrow(), Orders::wide()] {
        let folder = Folder::new();
        let text = orders.csv(PLAIN);
        let (input, lines, again) =
            (folder.write("in.csv", &text), folder.path("lines.jsonl"), folder.path("again.csv"));
        for workers in [1, 8] {
            let there = builder(workers).read(csv::read_records(&input)).write(jsonl::write(&lines));
            there.unwrap().run_blocking(&RunContext::new()).unwrap();
            let back = builder(workers).read(jsonl::read_records(&lines)).write(csv::write(&again));
            back.unwrap().run_blocking(&RunContext::new()).unwrap();
            assert_same(&fs::read_to_string(&again).unwrap(), &text, &format!("{workers} workers"));
        }
    }
}

//! Dates and decimals are written to CSV and JSON Lines, and read back by casts, without losing a digit.

#![allow(clippy::unwrap_used, reason = "a test that can't go on fails")]

mod support;

use std::fs;

use godata::time::Date;
use godata::{Decimal, Flow, Pipeline, Record, Records, RunContext, Type, csv, json, jsonl, record};
use proptest::collection::vec;
use proptest::prelude::{ProptestConfig, Strategy, any, prop_assert_eq, proptest};

use support::Folder;

fn any_row() -> impl Strategy<Value = Record> {
    let day = Date::MIN.to_julian_day()..=Date::MAX.to_julian_day();
    (any::<i128>(), 0_u32..38, 0_u8..39, day).prop_map(|(mantissa, cut, scale, day)| {
        let mantissa = mantissa / 10_i128.pow(cut);
        let amount = Decimal::new(mantissa, scale).unwrap_or_default();
        record! {"amount" => amount, "day" => Date::from_julian_day(day).unwrap()}
    })
}

fn casted(flow: Flow<Records>) -> Vec<Record> {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let flow = flow.cast("amount", Type::Decimal).cast("day", Type::Date);
    runtime.block_on(flow.collect(u64::MAX)).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn all_formats_keep_dates_and_decimals(rows in vec(any_row(), 1..20)) {
        let folder = Folder::new();
        let [table, lines, array] = ["a.csv", "a.jsonl", "a.json"].map(|name| folder.path(name));
        let flow = || Pipeline::builder("write").read_vec(rows.clone()).untyped();
        for pipeline in [flow().write(csv::write(&table)), flow().write(jsonl::write(&lines)), flow().write(json::write(&array))] {
            pipeline.unwrap().run_blocking(&RunContext::new()).unwrap();
        }
        let read = || Pipeline::builder("read");
        // `Debug` shows the digits, which equality does not look at.
        let expected = format!("{rows:?}");
        prop_assert_eq!(format!("{:?}", casted(read().read(csv::read_records(&table)))), expected.clone());
        prop_assert_eq!(format!("{:?}", casted(read().read(jsonl::read_records(&lines)))), expected.clone());
        prop_assert_eq!(format!("{:?}", casted(read().read(json::read_records(&array)))), expected);
        // A decimal of JSON is a number.
        let text = fs::read_to_string(&lines).unwrap();
        let first = rows[0].decimal("amount").unwrap();
        prop_assert_eq!(text.starts_with(&format!("{{\"amount\":{first},\"day\":\"")), true);
        // What was cast is written as it was read.
        let copy = folder.path("copy.jsonl");
        let flow = read().read(jsonl::read_records(&lines)).cast("amount", Type::Decimal).cast("day", Type::Date);
        flow.write(jsonl::write(&copy)).unwrap().run_blocking(&RunContext::new()).unwrap();
        prop_assert_eq!(fs::read_to_string(&copy).unwrap(), text);
    }
}

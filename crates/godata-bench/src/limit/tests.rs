use std::fs;

use godata::prelude::*;
use proptest::collection::vec;
use proptest::prelude::*;

use super::*;
use crate::generate::{Kind, generate};

/// The library's output for some orders.
fn by_library(input: &Path, output: &Path) -> Result<String, BoxError> {
    let pipeline = Pipeline::builder("orders-cleanup")
        .read(csv::read_records(input))
        .try_filter(|r| Ok(r.text("status")? == "paid"))
        .cast("amount", Type::Float)
        .derive("gross", |r| Ok(r.f64("amount")? * 1.19))
        .write(jsonl::write(output))?;
    pipeline.run_blocking(&RunContext::new())?;
    Ok(fs::read_to_string(output)?)
}

/// Compares the program written by hand with the library.
#[track_caller]
fn check(orders: &[u8], threads: &[usize]) {
    let folder = tempfile::tempdir().unwrap();
    let (input, output) = (folder.path().join("orders.csv"), folder.path().join("paid.jsonl"));
    fs::write(&input, orders).unwrap();
    let expected = by_library(&input, &output).unwrap();
    for &threads in threads {
        run(&input, &output, NonZero::new(threads).unwrap()).unwrap();
        let found = fs::read_to_string(&output).unwrap();
        let different = found.lines().zip(expected.lines()).find(|(found, expected)| found != expected);
        assert_eq!(different, None, "{threads} threads");
        assert_eq!(found.len(), expected.len(), "{threads} threads");
    }
}

fn orders(kind: Kind, rows: u64) -> Vec<u8> {
    let mut orders = Vec::new();
    generate(kind, rows, &mut orders).unwrap();
    orders
}

#[test]
fn it_writes_what_the_library_writes() {
    check(&orders(Kind::Narrow, 50_000), &[1, 2, 5]);
    check(&orders(Kind::Wide, 5_000), &[1, 2, 5]);
    check(&orders(Kind::Narrow, 0), &[2]);
}

#[test]
fn blocks_with_escapes_and_without_are_mixed() {
    let mut text = String::from("status,note,amount,more\n");
    for n in 0..100_000 {
        let note = if n % 20_000 == 0 { "\"a\nline, \"\"quoted\"\" \\ \u{1}\"" } else { "\"\"\"plain\"\"\"" };
        text.push_str(&format!("paid,{note},{}.5,\n", n % 1_000));
    }
    check(text.trim_end().as_bytes(), &[1, 3]);
}

#[test]
fn a_record_may_be_longer_than_a_block() {
    let cell = format!("\"{}\"", "text, \n".repeat(200_000));
    check(format!("a,status,amount\nx,paid,1.5\n{cell},paid,2.25\n").as_bytes(), &[1, 2]);
}

#[test]
fn what_is_malformed_is_refused() {
    let header = "order_id,amount,status\n";
    for rows in [
        "a,1.0\n",
        "a,1.0,paid,x\n",
        "a,1.0\nb\n",
        "a,1.0,paid\nb,2.0\nc\n",
        "a\\,1.0\nb\n",
        "a,one,paid\n",
        "a,01.5,paid\n",
        "a,NaN,paid\n",
        "a,1e999,paid\n",
        "a\"b\",1.0,paid\n",
        "\"a\"b,1.0,paid\n",
        "\"a,1.0,paid\n",
    ] {
        let folder = tempfile::tempdir().unwrap();
        let (input, output) = (folder.path().join("orders.csv"), folder.path().join("paid.jsonl"));
        fs::write(&input, format!("{header}{rows}")).unwrap();
        assert!(run(&input, &output, NonZero::new(2).unwrap()).is_err(), "{rows}");
    }
}

/// A cell as it is written in the file.
fn quoted(text: &str, always: bool) -> String {
    if always || text.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text.to_owned()
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn columns_may_be_anywhere_and_text_anything(
        order in Just(vec!["a", "amount", "b", "status", "c"]).prop_shuffle(),
        rows in vec((vec("[a,\"\n\r\\\\ä\u{1}]{0,40}", 3), "(0|[1-9][0-9]{0,5})(\\.[0-9]{1,3})?", any::<bool>()), 1..20),
        always in any::<bool>(),
    ) {
        let mut text = order.join(",") + "\n";
        for (texts, amount, is_paid) in &rows {
            let cells = order.iter().map(|name| match *name {
                "amount" => amount.clone(),
                "status" => quoted(if *is_paid { "paid" } else { "open" }, always),
                "a" => quoted(&texts[0], always),
                "b" => quoted(&texts[1], always),
                _ => quoted(&texts[2], always),
            });
            text += &(cells.collect::<Vec<_>>().join(",") + "\n");
        }
        check(text.as_bytes(), &[2]);
    }
}

//! Text of others in messages: whatever names and values a run meets, a terminal obeys none of it, and no message is endless.

#![allow(clippy::unwrap_used, reason = "a test that can't go on fails")]

mod support;

use std::fs;

use godata::prelude::*;
use godata_core::excerpt_within;
use proptest::prelude::*;

use support::Folder;

#[derive(Debug, serde::Deserialize, serde::Serialize)]
struct Order {
    amount: f64,
    kind: Kind,
}

#[derive(Debug, serde::Deserialize, serde::Serialize)]
enum Kind {
    Sale,
    Refund,
}

/// Text with many characters that a terminal obeys or hides.
fn hostile() -> impl Strategy<Value = String> {
    let special = "\u{1b}\u{7}\n\r\t\u{9b}\u{200b}\u{200f}\u{202a}\u{202e}\u{2028}\u{2029}\u{2060}\u{2066}\u{feff}\u{e0041}";
    let special: Vec<char> = special.chars().collect();
    let character =
        prop_oneof![proptest::sample::select(special), any::<char>(), proptest::char::range('a', 'z')];
    proptest::collection::vec(character, 1..40)
        .prop_map(|text| text.into_iter().filter(|c| *c != '\0').collect())
}

/// A message is one line, and showing it again changes nothing: it has only characters that a terminal shows.
fn check(message: &str, most: usize) {
    assert!(message.len() <= most, "{} bytes: {:.1000}", message.len(), message);
    assert_eq!(excerpt_within(message, message.len()), message);
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('"', "\"\""))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn a_failed_run_prints_nothing_that_a_terminal_obeys(name in hostile(), column in hostile(), value in hostile()) {
        let folder = Folder::new();
        let name: String = name.chars().filter(|c| *c != '/').collect();
        let csv_path = folder.path(&format!("{name}.csv"));
        let jsonl_path = folder.path(&format!("{name}.jsonl"));
        fs::write(&csv_path, format!("{},amount,kind\n{v},{v},{v}\n", quoted(&column), v = quoted(&value))).unwrap();
        let object = serde_json::json!({column.as_str(): value, "amount": 1, "kind": value});
        fs::write(&jsonl_path, object.to_string()).unwrap();
        let output = folder.path("out.csv");
        let builder = || Pipeline::builder("orders");
        let pipelines = [
            builder().read(csv::read::<Order>(&csv_path)).write(csv::write(&output)),
            builder().read(csv::read_records(&csv_path)).cast("amount", Type::Float).write(csv::write(&output)),
            builder().read(csv::read_records(&csv_path)).cast(&column[..], Type::Bool).write(csv::write(&output)),
            builder().read(csv::read_records(&csv_path)).cast("missing", Type::Bool).write(csv::write(&output)),
            builder().read(jsonl::read::<Order>(&jsonl_path)).write(csv::write(&output)),
            builder().read(jsonl::read_records(&jsonl_path)).cast("kind", Type::Float).write(csv::write(&output)),
            builder().read(csv::read_records(folder.path(&format!("{name}.none")))).write(csv::write(&output)),
            builder().read(csv::read_records(&csv_path)).write(csv::write(folder.path(&format!("{name}/out.csv")))),
        ];
        for pipeline in pipelines {
            let error = match pipeline.unwrap().run_blocking(&RunContext::new()) {
                Ok(report) => { check(report.to_string().lines().next().unwrap(), 1_000); continue }
                Err(error) => error,
            };
            check(&error.to_string(), 2_000);
            check(&format!("{error:?}"), 16 * 1024);
        }
    }
}

#[test]
fn a_message_about_5_000_columns_or_a_cell_of_1_mb_has_an_end() {
    #[derive(Debug, serde::Deserialize)]
    #[expect(dead_code, reason = "it is only read")]
    struct Wide {
        missing: f64,
    }

    let folder = Folder::new();
    let path = folder.path("wide.csv");
    let names: Vec<_> = (0..5_000).map(|n| format!("column {n}")).collect();
    let cells = "x".repeat(1 << 20) + &",".repeat(4_999);
    fs::write(&path, format!("{}\n{cells}\n", names.join(","))).unwrap();
    let builder = || Pipeline::builder("wide");
    let error = |pipeline: Result<Pipeline, _>| {
        let error: PipelineError = pipeline.unwrap().run_blocking(&RunContext::new()).unwrap_err();
        check(&format!("{error:?}"), 4_000);
        format!("{error:?}")
    };

    let unknown = builder().read(csv::read_records(&path)).select(["missing"]);
    let unknown = error(unknown.write_fn(async |_, _| Ok(())));
    assert!(unknown.ends_with("`column 18`, `column 19` and 4,980 more"), "{unknown}");
    let cell = builder().read(csv::read_records(&path)).cast("column 0", Type::Float);
    let cell = error(cell.write_fn(async |_, _| Ok(())));
    assert!(cell.ends_with("x…`"), "{cell}");
    error(builder().read(csv::read::<Wide>(&path)).write_fn(async |_, _| Ok(())));
}

/// Errors of serde list all variants of an enum.
#[test]
fn an_error_of_a_library_is_cut_where_it_is_printed_or_stored() {
    let variants: &'static [&'static str] = vec!["variant"; 5_000].leak();
    let error = <serde_json::Error as serde::de::Error>::unknown_variant("\u{1b}[2J", variants);
    let failure = godata::Failure::from_error(&error);
    check(&failure.to_string(), 2_100);
    let flow = Pipeline::builder("enum").read_vec(vec![1]).try_map(move |_| {
        Err::<i32, _>(<serde_json::Error as serde::de::Error>::unknown_variant("\u{1b}[2J", variants).into())
    });
    let pipeline = flow.write_fn(async |_, _| Ok(())).unwrap();
    check(&format!("{:?}", pipeline.run_blocking(&RunContext::new()).unwrap_err()), 2_100);
}

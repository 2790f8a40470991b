//! The header of CSV from JSON, whose records bring their own names: the same for every size of blocks and number of
//! workers.

#![allow(clippy::unwrap_used, reason = "a test that can't go on fails")]

mod support;

use std::fs;

use godata::{Input, Output, Pipeline, RunContext, csv, jsonl};
use proptest::collection::vec;
use proptest::prelude::{ProptestConfig, Strategy, any, prop_assert_eq, proptest};
use proptest::sample::{select, subsequence};

use support::Folder;

/// The names of each record, in its order. The value of a field is the number of its record.
type Rows = Vec<Vec<&'static str>>;

#[derive(Clone, Copy, Debug)]
struct Options {
    header_from: usize,
    drops: bool,
    derives: bool,
}

fn rows() -> impl Strategy<Value = Rows> {
    let names = subsequence(vec!["a", "b", "c", "long name", "e"], 1..=3);
    vec(names.prop_shuffle(), 1..20)
}

fn lines(rows: &Rows) -> String {
    let line = |(number, names): (usize, &Vec<&str>)| {
        let fields: Vec<_> = names.iter().map(|name| format!("\"{name}\":{number}")).collect();
        format!("{{{}}}\n", fields.join(","))
    };
    rows.iter().enumerate().map(line).collect()
}

/// What is to be written, or the first error.
fn expected(rows: &Rows, options: Options) -> Result<String, String> {
    let names = |at: usize| rows[at].iter().copied().chain(options.derives.then_some("z"));
    let mut header: Vec<&str> = Vec::new();
    for name in (0..rows.len().min(options.header_from)).flat_map(names) {
        if !header.contains(&name) {
            header.push(name);
        }
    }
    let mut text = header.join(",") + "\n";
    for at in 0..rows.len() {
        if let Some(name) = names(at).find(|name| !header.contains(name)).filter(|_| !options.drops) {
            let (record, records) = (at + 1, options.header_from);
            return Err(format!(
                "write failed: field `{name}` of record {record} (in.jsonl:{record}) is not in the header, which has the \
                 fields of the first {records} records; list all fields with `columns`, take more records with \
                 `header_from`, or drop it with `drop_extra_fields`"
            ));
        }
        let cell =
            |name: &&str| if names(at).any(|other| other == *name) { at.to_string() } else { String::new() };
        let cells: Vec<_> = header.iter().map(cell).collect();
        let line = cells.join(",");
        text += if line.is_empty() { "\"\"" } else { &line };
        text += "\n";
    }
    Ok(text)
}

/// What is written, and into how many files.
fn written(
    rows: &Rows,
    options: Options,
    workers: usize,
    block: usize,
    rolls: bool,
) -> Result<String, String> {
    let folder = Folder::new();
    let reader = jsonl::read_records(Input::bytes("in.jsonl", lines(rows))).block_size(block);
    let mut flow = Pipeline::builder("test").workers(workers).read(reader);
    if options.derives {
        flow = flow.derive("z", |record| {
            let (_, value) = record.iter().next().ok_or("a record without fields")?;
            Ok(value.to_owned())
        });
    }
    let output = Output::path(folder.path("out.csv"));
    let output = if rolls { output.roll_by_records(3) } else { output };
    let writer = csv::write(output).header_from(options.header_from);
    let writer = if options.drops { writer.drop_extra_fields() } else { writer };
    let pipeline = flow.write(writer).unwrap();
    pipeline.run_blocking(&RunContext::new()).map_err(|error| format!("{error:?}"))?;
    if !rolls {
        return Ok(fs::read_to_string(folder.path("out.csv")).unwrap());
    }
    let mut whole = String::new();
    for number in 1..=rows.len().div_ceil(3) {
        let text = fs::read_to_string(folder.path(&format!("out-{number:05}.csv"))).unwrap();
        let (header, records) = text.split_once('\n').unwrap();
        if number == 1 {
            whole = format!("{header}\n");
        }
        assert!(whole.starts_with(&format!("{header}\n")), "all files have the same header");
        whole += records;
    }
    Ok(whole)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn the_header_depends_on_the_records_alone(
        rows in rows(),
        header_from in 1_usize..25,
        drops in any::<bool>(),
        derives in any::<bool>(),
        workers in select(vec![1, 2, 4]),
        block in select(vec![1, 20, 60, 1 << 18]),
        rolls in any::<bool>(),
    ) {
        let options = Options { header_from, drops, derives };
        let expected = expected(&rows, options);
        prop_assert_eq!(written(&rows, options, workers, block, rolls), expected);
    }
}

#[test]
fn by_default_the_header_has_the_fields_of_the_first_1000_records() {
    let rows = |late: usize| -> Rows {
        (1..=20_000).map(|number| if number == late { vec!["a", "late"] } else { vec!["a"] }).collect()
    };
    let options = Options { header_from: 1_000, drops: false, derives: false };
    for late in [1_000, 1_001, 5_001, 15_001] {
        let rows = rows(late);
        for block in [1 << 10, 1 << 18] {
            assert_eq!(written(&rows, options, 2, block, false), expected(&rows, options), "{late} {block}");
        }
    }
}

#[test]
fn a_rename_to_a_name_of_other_records_does_not_depend_on_blocks() {
    let rows = [
        r#"{"id":1,"status":"a","n":1}"#,
        r#"{"id":2,"Status":"b"}"#,
        r#"{"id":3,"Status":"c","n":3,"status":null}"#,
        r#"{"id":4,"n":4,"status":"d"}"#,
        r#"{"id":5}"#,
    ];
    for (first, block) in [0, 1, 2].into_iter().flat_map(|first| [(first, 1), (first, 1 << 18)]) {
        let folder = Folder::new();
        let lines = rows[first..].join("\n");
        let reader = jsonl::read_records(Input::bytes("in.jsonl", lines)).block_size(block);
        let flow = Pipeline::builder("test").read(reader).rename("Status", "status");
        let pipeline = flow.write(csv::write(folder.path("out.csv"))).unwrap();
        pipeline.run_blocking(&RunContext::new()).unwrap();
        let expected = ["id,status,n", "1,a,1", "2,b,", "3,c,3", "4,d,4", "5,,"];
        let expected = expected[..1].iter().chain(&expected[1 + first..]).map(|line| format!("{line}\n"));
        let written = fs::read_to_string(folder.path("out.csv")).unwrap();
        assert_eq!(written, expected.collect::<String>(), "{first} {block}");
    }
}

//! Records of CSV and JSON in one flow, through the steps that compare records by key.

use std::error::Error;
use std::fs;

use godata::chain;
use godata::prelude::*;
use serde::Deserialize;

#[derive(Debug, Deserialize)]
struct Row {
    k: Option<String>,
    v: Option<String>,
    i: u64,
    w: Option<String>,
}

/// What a type with options reads: an empty cell of the CSV file is no value, and an empty text of the JSON file is one.
fn read(flow: Flow<Records>) -> Result<Vec<String>, Box<dyn Error>> {
    let text = |text: &Option<String>| text.as_deref().map_or("-".to_owned(), |text| format!("'{text}'"));
    let flow = flow.typed::<Row>();
    let flow = flow.map(move |row| format!("{} {} {} {}", row.i, text(&row.k), text(&row.v), text(&row.w)));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    Ok(runtime.block_on(flow.collect(100))?)
}

#[test]
fn an_empty_cell_of_csv_stays_no_value_beside_an_empty_text_of_json() -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let path = |name: &str| folder.path().join(name);
    fs::write(path("rows.csv"), "k,v,i\na,,1\n,x,2\n")?;
    fs::write(
        path("rows.jsonl"),
        "{\"k\":\"a\",\"v\":\"\",\"i\":3}\n{\"v\":\"y\",\"i\":4}\n{\"k\":\"\",\"v\":null,\"i\":5}\n",
    )?;
    fs::write(path("table.csv"), "k,w\na,\n")?;
    fs::write(path("table.jsonl"), "{\"k\":\"a\",\"w\":\"\"}\n")?;
    let chained = |name: &str| {
        let csv = csv::read_records(path(&format!("{name}.csv")));
        Pipeline::builder(name).read(chain(csv, jsonl::read_records(path(&format!("{name}.jsonl")))))
    };
    // Without memory, all records are in temporary files.
    for memory in [Memory::mib(0), Memory::mib(64)] {
        let flow = || chained("rows");
        let sorted = read(flow().sort_by(["k", "i"], memory.clone()))?;
        assert_eq!(sorted, ["5 '' - -", "1 'a' - -", "3 'a' '' -", "2 - 'x' -", "4 - 'y' -"]);
        let first = read(flow().dedupe_by(["k"], Keep::First, memory.clone()))?;
        assert_eq!(first, ["1 'a' - -", "2 - 'x' -", "5 '' - -"]);
        let last = read(flow().dedupe_by(["k"], Keep::Last, memory.clone()))?;
        assert_eq!(last, ["3 'a' '' -", "4 - 'y' -", "5 '' - -"]);
        let groups = flow().group_by(["k"], memory.clone());
        let groups = read(groups.aggregate([agg::first("v").named("v"), agg::count().named("i")]))?;
        assert_eq!(groups, ["1 '' - -", "2 'a' '' -", "2 - 'x' -"]);
        let joined = read(flow().join(chained("table"), ["k"], Join::Left, memory))?;
        let expected =
            ["1 'a' - -", "1 'a' - ''", "2 - 'x' -", "3 'a' '' -", "3 'a' '' ''", "4 - 'y' -", "5 '' - -"];
        assert_eq!(joined, expected);
    }
    Ok(())
}

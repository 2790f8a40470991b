//! What no step computes is written as it was read: numbers with their digits and timestamps with their offsets, through
//! steps of every kind.

#![allow(clippy::unwrap_used, reason = "a test that can't go on fails")]

mod support;

use std::fs;

use godata::csv::CastAs;
use godata::{
    BoxError, Concurrency, Flow, Input, Pipeline, Record, RecordRef, Records, RunContext, Type, Value, csv,
    json, jsonl,
};
use proptest::collection::vec;
use proptest::prelude::{Just, ProptestConfig, Strategy, prop_assert_eq, prop_oneof, proptest};
use proptest::sample::select;

use support::Folder;

/// The fields of each line.
const NAMES: [&str; 4] = ["a", "b", "a long name", "d"];

/// A step that changes nothing.
#[derive(Clone, Copy, Debug)]
enum Step {
    Filter,
    Map,
    FilterMap,
    FlatMap,
    Explode,
    MapAsync,
    Scan,
    SetCopy,
    CopyAndRename,
    ThroughAList,
    Inspect,
    MapBatch,
    Derive,
}

const STEPS: [Step; 13] = [
    Step::Filter,
    Step::Map,
    Step::FilterMap,
    Step::FlatMap,
    Step::Explode,
    Step::MapAsync,
    Step::Scan,
    Step::SetCopy,
    Step::CopyAndRename,
    Step::ThroughAList,
    Step::Inspect,
    Step::MapBatch,
    Step::Derive,
];

impl Step {
    fn add_to(self, flow: Flow<Records>) -> Flow<Records> {
        match self {
            Self::Filter => flow.filter(|r| r.get("a").is_some()),
            Self::Map => flow.map(|r| r.to_record()).untyped(),
            Self::FilterMap => flow.filter_map(|r| Some(r.to_record())).untyped(),
            Self::FlatMap => flow.flat_map(|r| [r.to_record()]).untyped(),
            Self::Explode => flow.flat_map(exploded).untyped(),
            Self::MapAsync => flow.map_async(Concurrency::Ordered(3), |r| async { Ok(r) }).untyped(),
            Self::Scan => flow.scan((), |(), r| Ok(Some(r))).untyped(),
            Self::SetCopy => flow.transform(|r| {
                for name in NAMES {
                    let copy = r.get(name).ok_or("it is there")?.to_owned();
                    r.set(name, copy);
                }
                Ok(())
            }),
            Self::CopyAndRename => flow.transform(|r| {
                r.copy("d", "e")?;
                r.remove("d");
                Ok(r.rename("e", "d")?)
            }),
            Self::ThroughAList => flow.transform(|r| {
                r.update("b", |b| vec![b.to_owned()])?;
                let list = r.remove("b").ok_or("it is there")?;
                let Value::List(mut list) = list else { return Err("it is a list".into()) };
                r.set("b", list.pop());
                Ok(())
            }),
            Self::Inspect => flow.inspect(|r| drop(r.f64("a"))),
            Self::MapBatch => {
                flow.map_batch(|batch| Ok(batch.into_records().into_iter().collect::<Records>()))
            }
            Self::Derive => flow.derive("a", |r| Ok(r.get("a").ok_or("it is there")?.to_owned())),
        }
    }
}

/// A record for the only element of a list.
fn exploded(row: RecordRef<'_>) -> Vec<Record> {
    let list = vec![row.get("a").unwrap().to_owned()];
    let one = |a: Value| {
        let mut record = row.to_record();
        record.set("a", a);
        record
    };
    list.into_iter().map(one).collect()
}

/// The output for this input after these steps, written as a batch of dynamic records, or record by record.
fn written(input: &str, steps: &[Step], block_size: usize, as_records: bool) -> Result<String, BoxError> {
    let folder = Folder::in_memory();
    let reader = jsonl::read_records(Input::bytes("in", input.to_owned())).block_size(block_size);
    let flow = Pipeline::builder("kept").workers(2).read(reader);
    let flow = steps.iter().fold(flow, |flow, step| step.add_to(flow));
    let out = jsonl::write(folder.path("out"));
    let pipeline = if as_records { flow.map(|r| r.to_record()).write(out)? } else { flow.write(out)? };
    pipeline.run_blocking(&RunContext::new())?;
    Ok(fs::read_to_string(folder.path("out"))?)
}

/// A number that a machine type would change, or not.
fn any_number() -> impl Strategy<Value = String> {
    const KNOWN: [&str; 9] =
        ["0", "-0", "-0.0", "12.50", "1e999", "-1E+400", "12345678901234567890123", "0.1", "1e-400"];
    prop_oneof![
        select(&KNOWN[..]).prop_map(str::to_owned),
        "-?(0|[1-9][0-9]{0,30})(\\.[0-9]{1,30})?([eE][+-]?[0-9]{1,4})?",
    ]
}

fn any_json() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        4 => any_number(),
        1 => select(&["null", "true", "false", "\"\"", "\"12.50\"", "\"\\\"\\n\"", "\"ä\""][..]).prop_map(str::to_owned),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        let fields = vec(inner.clone(), 0..3);
        let fields = fields.prop_map(|values| {
            let fields: Vec<_> =
                values.iter().enumerate().map(|(n, json)| format!("\"n{n}\":{json}")).collect();
            format!("{{{}}}", fields.join(","))
        });
        prop_oneof![vec(inner, 0..4).prop_map(|values| format!("[{}]", values.join(","))), fields]
    })
}

fn any_lines() -> impl Strategy<Value = String> {
    let line = vec(any_json(), NAMES.len()).prop_map(|values| {
        let fields: Vec<_> =
            NAMES.iter().zip(values).map(|(name, json)| format!("\"{name}\":{json}")).collect();
        format!("{{{}}}\n", fields.join(","))
    });
    vec(line, 1..12).prop_map(|lines| lines.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn lines_are_the_same_after_steps_that_change_nothing(
        lines in any_lines(),
        steps in vec(select(&STEPS[..]), 0..5),
        block_size in prop_oneof![1..300_usize, Just(1 << 18)],
        as_records in proptest::bool::ANY,
    ) {
        prop_assert_eq!(written(&lines, &steps, block_size, as_records).unwrap(), lines);
    }
}

#[test]
fn each_step_keeps_the_text_of_what_it_does_not_compute() {
    let list = r#"[12.50,-0,{"x":1e999}]"#;
    let line = format!(r#"{{"a":12345678901234567890123,"b":{list},"a long name":1E5,"d":-0}}"#) + "\n";
    for step in STEPS {
        for as_records in [false, true] {
            assert_eq!(written(&line, &[step], 1 << 18, as_records).unwrap(), line, "{step:?}");
        }
    }
}

#[test]
fn every_format_writes_the_digits_of_records() -> Result<(), BoxError> {
    let folder = Folder::new();
    let input = || Input::bytes("in", "{\"id\":12345678901234567890123,\"price\":12.50,\"huge\":1e999}\n");
    let flow = || {
        let flow = Pipeline::builder("kept").read(jsonl::read_records(input()));
        flow.map_async(Concurrency::Unordered(2), |r| async { Ok(r) })
    };
    flow().write(json::write(folder.path("a.json")))?.run_blocking(&RunContext::new())?;
    flow().write(csv::write(folder.path("a.csv")))?.run_blocking(&RunContext::new())?;
    flow().untyped().write(csv::write(folder.path("b.csv")))?.run_blocking(&RunContext::new())?;
    let json = fs::read_to_string(folder.path("a.json"))?;
    assert_eq!(json.trim(), r#"[{"id":12345678901234567890123,"price":12.50,"huge":1e999}]"#);
    let expected = "id,price,huge\n12345678901234567890123,12.50,1e999\n";
    assert_eq!(fs::read_to_string(folder.path("a.csv"))?, expected);
    assert_eq!(fs::read_to_string(folder.path("b.csv"))?, expected);
    Ok(())
}

#[tokio::test]
async fn a_cast_changes_the_type_and_not_the_text() -> Result<(), BoxError> {
    let folder = Folder::new();
    let text = "at,price,count\n2024-05-01T14:00:00+02:00,12.50,7\n2024-05-01T12:00:00.500Z,3,-0\n";
    fs::write(folder.path("in.csv"), text)?;
    let sample = csv::sample(folder.path("in.csv")).await?;
    let types: Vec<_> = sample.types().map(|(_, kind)| kind).collect();
    assert_eq!(types, [Type::Timestamp, Type::Float, Type::Int]);
    let cast = || {
        let flow = Pipeline::builder("cast").read(csv::read_records(folder.path("in.csv")));
        flow.cast_as(&sample)
    };
    cast().write(csv::write(folder.path("a.csv")))?.run(&RunContext::new()).await?;
    assert_eq!(fs::read_to_string(folder.path("a.csv"))?, text);
    let flow = cast().map_async(Concurrency::Ordered(2), |r| async { Ok(r) });
    flow.write(jsonl::write(folder.path("a.jsonl")))?.run(&RunContext::new()).await?;
    let expected = "{\"at\":\"2024-05-01T14:00:00+02:00\",\"price\":12.50,\"count\":7}\n\
                    {\"at\":\"2024-05-01T12:00:00.500Z\",\"price\":3,\"count\":-0}\n";
    assert_eq!(fs::read_to_string(folder.path("a.jsonl"))?, expected);
    Ok(())
}

#[test]
fn a_timestamp_that_is_not_one_fails_with_its_place() {
    let flow = Pipeline::builder("strict")
        .read(csv::read_records(Input::bytes("at.csv", "at\n2024-05-01T12:00:00Z\n2024-05-01x12:00:00Z\n")))
        .cast("at", Type::Timestamp);
    let folder = Folder::new();
    let run = flow.write(csv::write(folder.path("out.csv"))).unwrap().run_blocking(&RunContext::new());
    assert_eq!(
        format!("{:?}", run.unwrap_err()),
        "step[0] (cast) failed at record 2 (at.csv:3): field `at`: expected an RFC 3339 timestamp, \
         found text `2024-05-01x12:00:00Z` (character 11: expected `T`)"
    );
}

#[test]
fn an_empty_string_of_json_is_not_null_and_an_empty_cell_of_csv_is() {
    #[derive(serde::Deserialize, serde::Serialize)]
    struct Note {
        note: Option<String>,
    }
    let json = r#"{"note":""}"#.to_owned() + "\n";
    let lines =
        || Pipeline::builder("test").read(jsonl::read_records(Input::bytes("in.jsonl", json.clone())));
    let array =
        || Pipeline::builder("test").read(json::read_records(Input::bytes("in.json", format!("[{json}]"))));
    let cells = || Pipeline::builder("test").read(csv::read_records(Input::bytes("in.csv", "id,note\n1,\n")));
    let asynchronous = |flow: Flow<Records>| {
        flow.map_async(Concurrency::Ordered(2), |record| async { Ok(record) }).untyped()
    };
    let null = r#"{"note":null}"#.to_owned() + "\n";
    for (flow, expected) in [
        (lines(), &json),
        (array(), &json),
        (asynchronous(lines()), &json),
        (cells(), &null),
        (cells().filter(|_| true).rename("note", "n").rename("n", "note"), &null),
        (asynchronous(cells()), &null),
    ] {
        let folder = Folder::new();
        let pipeline = flow.typed::<Note>().write(jsonl::write(folder.path("out.jsonl"))).unwrap();
        pipeline.run_blocking(&RunContext::new()).unwrap();
        assert_eq!(&fs::read_to_string(folder.path("out.jsonl")).unwrap(), expected);
    }
}

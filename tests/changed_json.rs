//! JSON Lines after steps that changed some records: each written line is compared with a plain list of fields to which the
//! same changes were made.

#![allow(clippy::unwrap_used, reason = "a test that can't go on fails")]

mod support;

use std::fs;

use godata::{Flow, Input, Pipeline, RecordMut, Records, RunContext, Type, jsonl};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::{ProptestConfig, Strategy, any, prop_assert, prop_assert_eq, prop_oneof, proptest};
use proptest::sample::select;
use serde_json::{Map, Value, json};

use support::Folder;

/// Names that start alike, are not ASCII, or need escapes. No step changes the first.
const NAMES: [&str; 6] = ["id", "a", "a long name", "a long nose", "bé", "\"q\"\\"];

/// Whitespace between the tokens of a line.
const SPACES: [&str; 4] = ["", "", " ", "\t "];

/// A field of a line.
#[derive(Clone, Debug, PartialEq)]
struct Field {
    name: &'static str,
    /// The value as it must be written.
    json: String,
}

/// A line, and whether it must be written as it was read.
#[derive(Clone, Debug)]
struct Line {
    id: u64,
    text: String,
    fields: Vec<Field>,
    is_as_read: bool,
}

impl Line {
    /// The text of the input. Strings are rewritten once the line is changed, so `fields` has them in that form.
    fn new(id: usize, fields: &[(usize, &str)], space: &str) -> Self {
        let mut line = Self { id: id as u64, text: String::new(), fields: Vec::new(), is_as_read: true };
        line.set("id", id.to_string());
        let mut text = format!("{{{space}\"id\"{space}:{id}");
        for &(name, json) in fields {
            let name = NAMES[name];
            if line.get(name).is_none() {
                text += &format!("{space},{}{space}:{space}{json}", json!(name));
                let is_string = json.starts_with('"');
                line.set(name, if is_string { text_json(&string(json)) } else { json.to_owned() });
            }
        }
        line.text = text + space + "}";
        line
    }

    fn get(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|field| field.name == name).map(|field| &*field.json)
    }

    fn set(&mut self, name: &'static str, json: String) {
        match self.fields.iter_mut().find(|field| field.name == name) {
            Some(field) => field.json = json,
            None => self.fields.push(Field { name, json }),
        }
    }

    /// Renames a field, and returns whether nothing has changed. If the line has both fields, a null gives way.
    fn rename(&mut self, from: &str, to: &'static str) -> bool {
        let has_value = |json: &&str| *json != "null";
        let (Some(json), other) = (self.get(from), self.get(to).filter(has_value)) else { return true };
        if from == to || has_value(&json) && other.is_some() {
            return true;
        }
        let json = other.unwrap_or(json).to_owned();
        self.remove(from);
        self.set(to, json);
        false
    }

    fn remove(&mut self, name: &str) -> Option<String> {
        let at = self.fields.iter().position(|field| field.name == name)?;
        Some(self.fields.remove(at).json)
    }
}

/// A change of a record by a closure.
#[derive(Clone, Copy, Debug)]
enum Change {
    Set(usize, i64),
    SetText(usize),
    Remove(usize),
    Rename(usize, usize),
    Update(usize),
    Copy(usize, usize),
    Cast(usize, Type),
}

impl Change {
    fn apply(self, record: &mut RecordMut<'_>) {
        let name = |at: usize| NAMES[at];
        // A field may be missing, taken or of another type.
        match self {
            Self::Set(at, number) => record.set(name(at), number),
            Self::SetText(at) => record.set(name(at), "tab\t"),
            Self::Remove(at) => drop(record.remove(name(at))),
            Self::Rename(from, to) => drop(record.rename(name(from), name(to))),
            Self::Update(at) => drop(record.update(name(at), |_| true)),
            Self::Copy(from, to) => drop(record.copy(name(from), name(to))),
            Self::Cast(at, to) => drop(record.cast(name(at), to)),
        }
    }

    /// Makes the same change to a line.
    fn apply_to(self, line: &mut Line) {
        let name = |at: usize| NAMES[at];
        line.is_as_read &= match self {
            Self::Set(at, number) => {
                line.set(name(at), number.to_string());
                false
            }
            Self::SetText(at) => {
                line.set(name(at), "\"tab\\t\"".to_owned());
                false
            }
            Self::Remove(at) => line.remove(name(at)).is_none(),
            Self::Rename(from, to) => line.rename(name(from), name(to)),
            Self::Update(at) => {
                line.get(name(at)).is_none() || {
                    line.set(name(at), "true".to_owned());
                    false
                }
            }
            Self::Copy(from, to) => {
                let json = line.get(name(from)).map(str::to_owned);
                json.map(|json| line.set(name(to), json)).is_none()
            }
            Self::Cast(at, to) => match line.get(name(at)).and_then(|json| cast(json, to)) {
                Some(json) => {
                    line.set(name(at), json);
                    false
                }
                None => true,
            },
        }
    }
}

/// The written form of a cast value; `None` if the cast fails.
fn cast(json: &str, to: Type) -> Option<String> {
    let is_text = json.starts_with('"');
    let digits = if is_text { string(json) } else { json.to_owned() };
    match (to, json.chars().next()?) {
        (_, 'n') => Some("null".to_owned()),
        (_, '[' | '{') | (Type::Float, 't' | 'f') => None,
        (Type::Text, '"') => Some(json.to_owned()),
        (Type::Text, _) => Some(text_json(&digits)),
        _ => digits.parse::<f64>().ok().filter(|float| float.is_finite()).map(|_| digits),
    }
}

/// A step of a pipeline.
#[derive(Clone, Debug)]
enum Step {
    /// Changes the records with these numbers.
    Transform(u32, Vec<Change>),
    /// Keeps the records with these numbers.
    Filter(u32),
    Derive(usize),
    Select(Vec<usize>),
    Drop(Vec<usize>),
    Rename(usize, usize),
}

fn has(mask: u32, id: u64) -> bool {
    mask >> (id % 32) & 1 == 1
}

impl Step {
    fn add_to(self, flow: Flow<Records>) -> Flow<Records> {
        let names = |columns: Vec<usize>| columns.into_iter().map(|at| NAMES[at]).collect::<Vec<_>>();
        match self {
            Self::Transform(mask, changes) => flow.transform(move |record| {
                if has(mask, record.u64("id")?) {
                    changes.iter().for_each(|change| change.apply(record));
                }
                Ok(())
            }),
            Self::Filter(mask) => flow.filter(move |record| record.u64("id").is_ok_and(|id| has(mask, id))),
            Self::Derive(at) => flow.derive(NAMES[at], |record| Ok(record.u64("id")? * 10)),
            Self::Select(columns) => flow.select([vec!["id"], names(columns)].concat()),
            Self::Drop(columns) => flow.drop_fields(names(columns)),
            Self::Rename(from, to) => flow.rename(NAMES[from], NAMES[to]),
        }
    }

    fn apply_to(&self, lines: &mut Vec<Line>) {
        let is_one_of = |columns: &[usize], name: &str| columns.iter().any(|&at| NAMES[at] == name);
        match self {
            Self::Filter(mask) => lines.retain(|line| has(*mask, line.id)),
            Self::Transform(mask, changes) => {
                let chosen = lines.iter_mut().filter(|line| has(*mask, line.id));
                chosen.for_each(|line| changes.iter().for_each(|change| change.apply_to(line)));
            }
            Self::Derive(at) => lines.iter_mut().for_each(|line| {
                line.set(NAMES[*at], (line.id * 10).to_string());
                line.is_as_read = false;
            }),
            Self::Select(columns) => lines.iter_mut().for_each(|line| {
                line.fields.retain(|field| field.name == "id" || is_one_of(columns, field.name));
                line.is_as_read = false;
            }),
            Self::Drop(columns) => lines.iter_mut().for_each(|line| {
                let before = line.fields.len();
                line.fields.retain(|field| !is_one_of(columns, field.name));
                line.is_as_read &= line.fields.len() == before;
            }),
            Self::Rename(from, to) => lines.iter_mut().for_each(|line| {
                if let Some(json) = line.remove(NAMES[*from]) {
                    line.set(NAMES[*to], json);
                    line.is_as_read &= from == to;
                }
            }),
        }
    }

    /// Whether the step is valid: a record must not have a field of the new name already.
    fn is_possible(&self, lines: &[Line]) -> bool {
        match self {
            Self::Rename(from, to) => from == to || lines.iter().all(|line| line.get(NAMES[*to]).is_none()),
            _ => true,
        }
    }
}

/// The text of a JSON string.
fn string(json: &str) -> String {
    serde_json::from_str(json).unwrap()
}

fn text_json(text: &str) -> String {
    json!(text).to_string()
}

fn any_lines() -> impl Strategy<Value = Vec<Line>> {
    const VALUES: [&str; 20] = [
        "null",
        "true",
        "false",
        "0",
        "-0",
        "12.50",
        "1e3",
        "12345678901234567890123",
        "0.1",
        "\"\"",
        "\"7\"",
        "\"12.50\"",
        "\"x\"",
        "\"a \\u0041\\n\\\"\"",
        "\"long enough for more than a word: äöü\"",
        "\"1E5\"",
        "[]",
        "[1, 2.0,{\"a\" :null}]",
        "{}",
        "{\"b\":[ ],\"a\":\"\\u0041\"}",
    ];
    let fields = vec((1..NAMES.len(), select(&VALUES[..])), 0..6);
    vec((fields, select(&SPACES[..])), 0..14).prop_map(|lines| {
        let line = |(id, (fields, space)): (usize, (Vec<_>, &str))| Line::new(id, &fields, space);
        lines.into_iter().enumerate().map(line).collect()
    })
}

fn any_change() -> impl Strategy<Value = Change> {
    let at = || 1..NAMES.len();
    prop_oneof![
        (at(), -9..99i64).prop_map(|(at, number)| Change::Set(at, number)),
        at().prop_map(Change::SetText),
        at().prop_map(Change::Remove),
        (at(), at()).prop_map(|(from, to)| Change::Rename(from, to)),
        at().prop_map(Change::Update),
        (at(), at()).prop_map(|(from, to)| Change::Copy(from, to)),
        (at(), select(&[Type::Float, Type::Text][..])).prop_map(|(at, to)| Change::Cast(at, to)),
    ]
}

fn any_step() -> impl Strategy<Value = Step> {
    let at = || 1..NAMES.len();
    prop_oneof![
        3 => (any::<u32>(), vec(any_change(), 0..3)).prop_map(|(mask, changes)| Step::Transform(mask, changes)),
        1 => any::<u32>().prop_map(Step::Filter),
        1 => at().prop_map(Step::Derive),
        1 => columns().prop_map(Step::Drop),
        1 => (at(), at()).prop_map(|(from, to)| Step::Rename(from, to)),
    ]
}

fn columns() -> impl Strategy<Value = Vec<usize>> {
    select(vec![vec![1], vec![3, 2], vec![5, 1, 4], vec![2, 3, 4, 5], vec![]])
}

/// A select is the last step, because later ones can't ask for other names.
fn any_steps() -> impl Strategy<Value = Vec<Step>> {
    (vec(any_step(), 0..6), option::of(columns().prop_map(Step::Select))).prop_map(|(mut steps, last)| {
        steps.extend(last);
        steps
    })
}

/// The output for these lines after these steps.
fn written(lines: &[Line], steps: Vec<Step>, block_size: usize, workers: usize) -> Vec<String> {
    let folder = Folder::new();
    let text: String = lines.iter().map(|line| line.text.clone() + "\n").collect();
    let reader = jsonl::read_records(Input::bytes("in", text)).block_size(block_size);
    let flow = Pipeline::builder("changed").workers(workers).read(reader);
    let flow = steps.into_iter().fold(flow, |flow, step| step.add_to(flow));
    let pipeline = flow.write(jsonl::write(folder.path("out"))).unwrap();
    pipeline.run_blocking(&RunContext::new()).unwrap();
    fs::read_to_string(folder.path("out")).unwrap().lines().map(str::to_owned).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_line_is_as_it_was_read_or_as_it_was_changed(
        lines in any_lines(),
        steps in any_steps(),
        block_size in 1..300usize,
        workers in 1..4usize,
    ) {
        let mut expected = lines.clone();
        let mut possible = Vec::new();
        for step in steps {
            if step.is_possible(&expected) {
                step.apply_to(&mut expected);
                possible.push(step);
            }
        }
        let found = written(&lines, possible, block_size, workers);
        prop_assert_eq!(found.len(), expected.len());
        for (found, line) in found.iter().zip(expected) {
            if line.is_as_read {
                prop_assert_eq!(found, &line.text);
                continue;
            }
            let fields: Map<String, Value> = serde_json::from_str(found).unwrap();
            prop_assert_eq!(fields.len(), line.fields.len(), "{}", found);
            for Field { name, json } in &line.fields {
                let field = format!("{}:{json}", text_json(name));
                prop_assert!(found.contains(&field), "{} is not in {}", field, found);
            }
        }
    }
}

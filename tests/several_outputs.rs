//! Several files that one run writes, and several that it reads: all outputs are replaced, or none.
#![allow(clippy::unwrap_used, reason = "a panic fails the test")]

mod support;

use std::fs;
use std::path::PathBuf;

use godata::prelude::*;
use godata::{BuildError, Limit, OnError, chain, route, tee};

use support::Folder;

const ORDERS: &str = "id,country\n1,DE\n2,FR\n3,DE\n";

fn is_german(order: RecordRef<'_>) -> bool {
    order.str("country") == Some("DE")
}

fn orders(folder: &Folder) -> Flow<Records> {
    Pipeline::builder("orders").workers(2).read(csv::read_records(folder.write("orders.csv", ORDERS)))
}

fn run(pipeline: Result<Pipeline, BuildError>) -> Result<RunReport, PipelineError> {
    pipeline.unwrap().run_blocking(&RunContext::new())
}

fn text(path: &PathBuf) -> String {
    fs::read_to_string(path).unwrap()
}

#[test]
fn each_record_is_in_its_file() {
    let folder = Folder::new();
    let (german, others) = (folder.path("de.csv"), folder.path("rest.jsonl"));
    let writer = route(is_german, csv::write(&german), jsonl::write(&others));
    let report = run(orders(&folder).write(writer)).unwrap();
    assert_eq!(report.written.records, 3);
    assert_eq!(text(&german), "id,country\n1,DE\n3,DE\n");
    assert_eq!(text(&others), "{\"id\":\"2\",\"country\":\"FR\"}\n");
}

#[test]
fn a_file_that_gets_no_records_has_a_header() {
    let folder = Folder::new();
    let (yes, no) = (folder.path("yes.csv"), folder.path("no.csv"));
    run(orders(&folder).write(route(|_: RecordRef<'_>| false, csv::write(&yes), csv::write(&no)))).unwrap();
    assert_eq!((&*text(&yes), &*text(&no)), ("id,country\n", ORDERS));
    run(orders(&folder).filter(|_| false).write(route(is_german, csv::write(&yes), csv::write(&no))))
        .unwrap();
    assert_eq!((&*text(&yes), &*text(&no)), ("id,country\n", "id,country\n"));
}

#[test]
fn a_file_that_can_t_be_replaced_leaves_the_other_as_it_was() {
    for which in [0, 1] {
        let folder = Folder::new();
        let paths = [folder.path("first.csv"), folder.path("second.csv")];
        fs::write(&paths[1 - which], "old").unwrap();
        let blocked = paths[which].clone();
        let flow = orders(&folder).transform(move |_| {
            // By the end of the run, there is a directory in the place of the file.
            fs::create_dir_all(blocked.join("sub"))?;
            Ok(())
        });
        let failed = run(flow.write(tee(csv::write(&paths[0]), csv::write(&paths[1])))).unwrap_err();
        assert!(format!("{failed:#}").starts_with("write failed: committing "), "{failed:#}");
        assert_eq!(text(&paths[1 - which]), "old", "{which}");
    }
}

#[test]
fn two_outputs_can_t_be_the_same_file() {
    let folder = Folder::new();
    let path = folder.path("out.csv");
    let failed = run(orders(&folder).write(tee(csv::write(&path), csv::write(&path)))).unwrap_err();
    assert!(format!("{failed:#}").contains("out.csv"), "{failed:#}");
    assert!(!path.exists());
}

#[test]
fn a_record_that_one_format_can_t_hold_is_in_neither_file() {
    let folder = Folder::new();
    let (flat, nested, bad) =
        (folder.path("flat.csv"), folder.path("nested.jsonl"), folder.path("bad.jsonl"));
    let input = folder.write("in.jsonl", "{\"id\":1}\n{\"id\":[2]}\n{\"id\":3}\n");
    let pipeline = Pipeline::builder("orders")
        .on_error(OnError::dead_letter(jsonl::write(&bad), Limit::records(1)))
        .read(jsonl::read_records(&input))
        .write(tee(jsonl::write(&nested), csv::write(&flat)));
    let report = run(pipeline).unwrap();
    assert_eq!((report.written.records, report.written.rejected), (2, 1));
    assert_eq!((&*text(&flat), &*text(&nested)), ("id\n1\n3\n", "{\"id\":1}\n{\"id\":3}\n"));
    assert!(text(&bad).contains(r#""line":2"#), "{}", text(&bad));
}

#[test]
fn files_of_two_formats_are_read_one_after_the_other_and_name_their_lines() {
    let folder = Folder::new();
    let (old, new) = (
        folder.write("old.csv", ORDERS),
        folder.write("new.jsonl", "{\"id\":\"4\",\"country\":\"IT\"}\n{\n"),
    );
    let (written, bad) = (folder.path("all.csv"), folder.path("bad.jsonl"));
    let pipeline = Pipeline::builder("orders")
        .on_error(OnError::dead_letter(jsonl::write(&bad), Limit::records(1)))
        .read(chain(csv::read_records(&old), jsonl::read_records(&new)))
        .write(csv::write(&written));
    run(pipeline).unwrap();
    assert_eq!(text(&written), format!("{ORDERS}4,IT\n"));
    let letters = godata::dead_letters(&bad).unwrap();
    let letter = letters.iter().next().unwrap();
    assert_eq!(letter.line, Some(2));
    assert!(letter.file.as_deref().unwrap().ends_with("new.jsonl"));
}

/// The orders, and how many each country has.
fn orders_and_counts(
    folder: &Folder,
    orders_to: &PathBuf,
    counts_to: &PathBuf,
) -> Result<RunReport, PipelineError> {
    let flow = orders(folder).also_write(jsonl::write(orders_to));
    run(flow.group_by(["country"], Memory::mib(1)).aggregate([agg::count()]).write(csv::write(counts_to)))
}

#[test]
fn records_are_written_in_the_middle_of_a_flow_and_go_on() {
    let folder = Folder::new();
    let (written, counts) = (folder.path("orders.jsonl"), folder.path("counts.csv"));
    let report = orders_and_counts(&folder, &written, &counts).unwrap();
    let lines = "{\"id\":\"1\",\"country\":\"DE\"}\n{\"id\":\"2\",\"country\":\"FR\"}\n{\"id\":\"3\",\"country\":\"DE\"}\n";
    assert_eq!((&*text(&written), &*text(&counts)), (lines, "country,count\nDE,2\nFR,1\n"));
    let bytes = report.steps[0].written.as_ref().map(|written| written.bytes);
    assert_eq!(bytes, Some(lines.len() as u64));
    assert!(
        report.to_string().contains(&format!(
            "also_write                  3            3              {:>12}",
            lines.len()
        ))
    );
}

#[test]
fn a_file_of_two_steps_that_can_t_be_replaced_leaves_the_other_as_it_was() {
    for which in [0, 1] {
        let folder = Folder::new();
        let paths = [folder.path("orders.jsonl"), folder.path("all.csv")];
        fs::write(&paths[1 - which], "old").unwrap();
        let blocked = paths[which].clone();
        let flow = orders(&folder).transform(move |_| {
            fs::create_dir_all(blocked.join("sub"))?;
            Ok(())
        });
        let failed = run(flow.also_write(jsonl::write(&paths[0])).write(csv::write(&paths[1]))).unwrap_err();
        let stage = ["step[1] (also_write) failed: committing ", "write failed: committing "][which];
        assert!(format!("{failed:#}").starts_with(stage), "{failed:#}");
        assert_eq!(text(&paths[1 - which]), "old", "{which}");
        let left: Vec<_> = fs::read_dir(paths[0].parent().unwrap()).unwrap().collect();
        assert_eq!(left.len(), 3, "{left:?}");
    }
}

#[test]
fn the_outputs_of_a_flow_can_t_be_the_same_file() {
    let folder = Folder::new();
    let path = folder.path("out.csv");
    let failed = orders_and_counts(&folder, &path, &path).unwrap_err();
    assert!(format!("{failed:#}").contains("out.csv"), "{failed:#}");
    assert!(!path.exists());
}

#[test]
fn a_record_that_an_output_in_the_middle_can_t_hold_is_set_aside_and_does_not_go_on() {
    let folder = Folder::new();
    let (flat, nested, bad) =
        (folder.path("flat.csv"), folder.path("nested.jsonl"), folder.path("bad.jsonl"));
    let input = folder.write("in.jsonl", "{\"id\":1}\n{\"id\":[2]}\n{\"id\":3}\n");
    let pipeline = Pipeline::builder("orders")
        .on_error(OnError::dead_letter(jsonl::write(&bad), Limit::records(1)))
        .read(jsonl::read_records(&input))
        .also_write(csv::write(&flat))
        .write(jsonl::write(&nested));
    let report = run(pipeline).unwrap();
    assert_eq!((report.written.records, report.steps[0].rejected), (2, 1));
    assert_eq!((&*text(&flat), &*text(&nested)), ("id\n1\n3\n", "{\"id\":1}\n{\"id\":3}\n"));
    let letter = godata::dead_letters(&bad).unwrap().iter().next().unwrap().clone();
    assert_eq!((&*letter.stage, letter.step, letter.line), ("step[0] (also_write)", Some(0), Some(2)));
}

#[test]
fn a_chain_of_files_with_other_columns_names_both_files_and_the_columns() {
    let folder = Folder::new();
    let (old, new) = (
        folder.write("old.csv", "id,amount,day\n1,2,3\n"),
        folder.write("new.csv", "id,Betrag,day\n4,5,6\n"),
    );
    let out = folder.path("all.csv");
    let both = || {
        let reader = chain(csv::read_records(&old), csv::read_records(&new));
        Pipeline::builder("orders").read(reader)
    };
    let failed = run(both().write(csv::write(&out))).unwrap_err();
    let expected = format!(
        "write failed: the columns of `{}` are not those of `{}`, which are the header: it also has `Betrag`, and \
         lacks `amount`; use `alias`, `select` or `columns`",
        new.display(),
        old.display()
    );
    assert_eq!(format!("{failed:#}"), expected);
    run(both().alias("amount", "Betrag").write(csv::write(&out))).unwrap();
    assert_eq!(text(&out), "id,amount,day\n1,2,3\n4,5,6\n");
}

//! Pipelines that append: to their own input, beside each other, and while something else uses the file.

#![allow(clippy::unwrap_used, reason = "a test that can't go on fails")]
#![cfg(unix)]

mod support;

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Mutex, mpsc};
use std::thread;
use std::time::Duration;

use godata::Output;
use godata::prelude::*;

use support::Folder;

const LINES: u64 = 30_000;

fn lines() -> String {
    (0..LINES).map(|id| format!("{{\"id\":{id},\"file\":\"all\"}}\n")).collect()
}

fn append(path: impl AsRef<Path>) -> Output {
    Output::path(path.as_ref()).append().lock_timeout(Duration::ZERO)
}

fn copy(input: Input, output: Output) -> Result<RunReport, PipelineError> {
    let pipeline = Pipeline::builder("copy").read(jsonl::read_records(input)).write(jsonl::write(output));
    pipeline.unwrap().run_blocking(&RunContext::new())
}

#[test]
fn a_run_does_not_append_to_a_file_that_it_reads() {
    check_own_input(&lines());
}

#[test]
fn a_run_does_not_append_to_a_file_that_it_has_read_whole_before_it_writes() {
    check_own_input("{\"id\":1,\"file\":\"all\"}\n");
}

fn check_own_input(lines: &str) {
    let folder = Folder::new();
    let path = |name: &str| folder.path(name);
    let others: Vec<_> = (0..100).map(|n| folder.write(&format!("{n:03}.jsonl"), "")).collect();
    let all = folder.write("all.jsonl", lines);
    symlink("all.jsonl", path("link.jsonl")).unwrap();
    let elsewhere = Folder::new();
    symlink(folder.root(), elsewhere.path("folder")).unwrap();
    fs::hard_link(&all, path("same.jsonl")).unwrap();
    let before = folder.files();

    let glob = || Input::glob(path("*.jsonl").display().to_string());
    let partitions = Output::partitioned(path("{file}.jsonl").display().to_string()).append();
    let table = [
        ("the same path", Input::path(&all), append(&all)),
        ("a link to the input", Input::path(&all), append(path("link.jsonl"))),
        ("the target of the input", Input::path(path("link.jsonl")), append(&all)),
        ("another hard link", Input::path(path("same.jsonl")), append(&all)),
        ("in a folder with two names", Input::path(elsewhere.path("folder/all.jsonl")), append(&all)),
        ("the last of many files", Input::paths(others.iter().chain([&all])), append(&all)),
        ("matched by a pattern", glob(), append(&all)),
        ("in a directory", Input::directory(folder.root()), append(&all)),
        ("a partition", glob(), partitions),
    ];
    for (what, input, output) in table {
        let error = copy(input, output).unwrap_err();
        let says = "can't be appended to, because this run reads it; a file that is read by its path can be replaced";
        assert!(folder.message(&error).ends_with(says), "{what}: {error:#}");
        assert!(folder.files() == before, "{what}");
    }
}

#[test]
fn a_run_replaces_a_file_that_it_reads() {
    let folder = Folder::new();
    let all = folder.write("all.jsonl", lines());
    for output in [Output::path(&all), Output::partitioned(folder.path("{file}.jsonl").display().to_string())]
    {
        assert_eq!(copy(Input::path(&all), output).unwrap().written.records, LINES);
        assert_eq!(fs::read_to_string(&all).unwrap(), lines());
    }
}

#[test]
fn a_run_does_not_replace_a_file_that_a_pattern_or_a_directory_lists() {
    let folder = Folder::new();
    let path = |name: &str| folder.path(name);
    let text = |name: &str| path(name).display().to_string();
    fs::create_dir(path("in")).unwrap();
    let all = folder.write("in/all.jsonl", "{\"id\":1,\"file\":\"all\"}\n");
    folder.write("in/all-00001.jsonl", "");
    folder.write("in/manifest.jsonl", "");
    symlink("all.jsonl", path("in/link.jsonl")).unwrap();
    let elsewhere = Folder::new();
    symlink(path("in"), elsewhere.path("folder")).unwrap();
    let before = folder.files();

    let glob = || Input::glob(text("in/*.jsonl"));
    let rolled = Output::path(&all).roll_by_records(1);
    let table = [
        ("the same path", glob(), Output::path(&all), "in/all.jsonl", "in/*.jsonl"),
        ("a link to the output", Input::glob(text("in/l*")), Output::path(&all), "in/all.jsonl", "in/l*"),
        ("a link to an input", glob(), Output::path(path("in/link.jsonl")), "in/link.jsonl", "in/*.jsonl"),
        (
            "another folder",
            glob(),
            Output::path(elsewhere.path("folder/all.jsonl")),
            "folder/all.jsonl",
            "in/*.jsonl",
        ),
        ("a directory", Input::directory(path("in")), Output::path(&all), "in/all.jsonl", "in"),
        ("a partition", glob(), Output::partitioned(text("in/{file}.jsonl")), "in/all.jsonl", "in/*.jsonl"),
        ("a rolled file", glob(), rolled, "in/all-00001.jsonl", "in/*.jsonl"),
        (
            "a manifest",
            glob(),
            Output::path(path("out.jsonl")).manifest(path("in/manifest.jsonl")),
            "in/manifest.jsonl",
            "in/*.jsonl",
        ),
    ];
    for (what, input, output, written, listing) in table {
        let error = folder.message(&copy(input, output).unwrap_err());
        let says = format!(
            "{written}` can't be replaced, because this run reads it as one of the files of `{listing}`; write to \
             another directory, or use a pattern that does not match the output"
        );
        assert!(error.ends_with(&says), "{what}: {error}");
        assert!(folder.files() == before, "{what}");
    }
}

#[test]
fn a_run_replaces_what_is_beside_the_files_that_it_lists() {
    let folder = Folder::new();
    let line = "{\"id\":1}\n";
    folder.write("in.jsonl", line);
    let glob = || Input::glob(folder.path("in*.jsonl").display().to_string());
    // The first run makes another hard link to what it has written an input of the second.
    for lines in 1..=2 {
        copy(glob(), Output::path(folder.path("out.jsonl"))).unwrap();
        assert_eq!(fs::read_to_string(folder.path("out.jsonl")).unwrap(), line.repeat(lines));
        if lines == 1 {
            fs::hard_link(folder.path("out.jsonl"), folder.path("in-1.jsonl")).unwrap();
        }
    }
    // Another run reads the file.
    copy(Input::glob(folder.path("out*").display().to_string()), Output::path(folder.path("x"))).unwrap();
    copy(glob(), Output::path(folder.path("out.jsonl"))).unwrap();
}

#[test]
fn what_is_neither_a_file_nor_the_same_file_is_no_input() {
    let folder = Folder::new();
    let all = folder.write("all.jsonl", lines());
    folder.write("other.jsonl", "");
    copy(Input::path(&all), append(folder.path("other.jsonl"))).unwrap();
    copy(Input::path("/dev/null"), append("/dev/null")).unwrap();
    // An input that this run appended to earlier.
    copy(Input::path(folder.path("other.jsonl")), append(&all)).unwrap();
    assert_eq!(fs::read_to_string(&all).unwrap(), lines().repeat(2));
}

#[test]
fn a_file_is_read_to_the_length_that_it_had_when_it_was_opened() {
    let folder = Folder::new();
    let all = folder.write("all.jsonl", lines());
    let feed = {
        let all = all.clone();
        move |record: &Record| {
            use std::io::Write;
            let mut file = fs::File::options().append(true).open(&all).unwrap();
            writeln!(file, "{{\"id\":{}}}", record.i64("id").unwrap()).unwrap();
        }
    };
    let report = Pipeline::builder("feed")
        .read(jsonl::read::<Record>(Input::path(&all).growing()).block_size(1_000))
        .inspect(feed)
        .write(jsonl::write(folder.path("out.jsonl")))
        .unwrap()
        .run_blocking(&RunContext::new())
        .unwrap();
    assert_eq!(report.read.records, LINES);
}

fn log(records: impl IntoIterator<Item = i64>) -> Flow<Records> {
    let records: Vec<_> = records.into_iter().map(|id| record! {"id" => id}).collect();
    Pipeline::builder("log").read_vec(records).untyped()
}

#[test]
fn runs_that_append_side_by_side_write_one_header() {
    let folder = Folder::new();
    let path = folder.path("log.csv");
    let runs: Vec<_> = (0..20)
        .map(|id| {
            let path = path.clone();
            thread::spawn(move || {
                let output = Output::path(&path).append().lock_timeout(Duration::MAX);
                log([id]).write(csv::write(output)).unwrap().run_blocking(&RunContext::new()).unwrap()
            })
        })
        .collect();
    runs.into_iter().for_each(|run| drop(run.join().unwrap()));
    let text = fs::read_to_string(&path).unwrap();
    let mut lines: Vec<_> = text.lines().collect();
    assert_eq!(lines.remove(0), "id");
    lines.sort_by_key(|line| line.parse::<i64>().unwrap());
    assert_eq!(lines, (0..20).map(|id| id.to_string()).collect::<Vec<_>>());
}

/// Runs `meanwhile` while a run that will fail has begun to write to `output`.
fn while_another_run_writes(output: Output, meanwhile: impl FnOnce()) {
    let ((begun, has_begun), (fail, may_fail)) = (mpsc::channel(), mpsc::channel::<()>());
    let (begun, may_fail) = (Mutex::new(begun), Mutex::new(may_fail));
    let fails = move |_: &mut RecordMut<'_>| {
        begun.lock().unwrap().send(())?;
        may_fail.lock().unwrap().recv()?;
        Err("it fails".into())
    };
    let failing = log([1]).transform(fails).write(csv::write(output)).unwrap();
    let failing = thread::spawn(move || failing.run_blocking(&RunContext::new()));
    has_begun.recv().unwrap();
    meanwhile();
    fail.send(()).unwrap();
    failing.join().unwrap().unwrap_err();
}

fn run(id: i64, output: Output) -> Result<RunReport, PipelineError> {
    log([id]).write(csv::write(output)).unwrap().run_blocking(&RunContext::new())
}

#[test]
fn a_run_that_fails_cuts_off_no_record_of_another_run() {
    let folder = Folder::new();
    let path = folder.path("log.csv");
    while_another_run_writes(append(&path), || {
        let says = "write failed: `log.csv` can't be appended to: another run appends to it; \
                    `lock_timeout` sets how long to wait";
        assert_eq!(folder.message(&run(3, append(&path)).unwrap_err()), says);
    });
    assert!(!path.exists());
    run(3, append(&path)).unwrap();
    assert_eq!(fs::read_to_string(&path).unwrap(), "id\n3\n");
}

#[test]
fn one_run_at_a_time_appends_to_partitions() {
    let folder = Folder::new();
    let output = |template: &str| {
        let output = Output::partitioned(folder.path(template).display().to_string());
        output.append().lock_timeout(Duration::ZERO)
    };
    // The other run has no partition open yet.
    while_another_run_writes(output("{id}.csv"), || {
        let error = folder.message(&run(3, output("{id}.csv")).unwrap_err());
        assert!(error.starts_with("write failed: `{id}.csv` can't be appended to: another run"), "{error}");
        run(3, output("other-{id}.csv")).unwrap();
    });
    run(3, output("{id}.csv")).unwrap();
    assert_eq!(folder.files().into_keys().collect::<Vec<_>>(), ["3.csv", "other-3.csv"]);
}

#[test]
fn a_run_that_waits_for_another_can_be_canceled() {
    let folder = Folder::new();
    let path = folder.path("log.csv");
    let first = append(&path).open().unwrap();
    let waiting = log([1]).write(csv::write(append(&path).lock_timeout(Duration::MAX))).unwrap();
    let cx = RunContext::new();
    let run = thread::spawn({
        let cx = cx.clone();
        move || waiting.run_blocking(&cx)
    });
    cx.cancel();
    assert!(run.join().unwrap().unwrap_err().is_canceled());
    drop(first);
    assert!(folder.files().is_empty());
}

#[test]
fn a_log_that_is_rotated_during_a_run_fails_the_run() {
    let folder = Folder::new();
    let input = folder
        .write("in.jsonl", (0..LINES).map(|id| format!("{{\"file\":{}}}\n", id % 2)).collect::<String>());
    let partitioned = Output::partitioned(folder.path("{file}.jsonl").display().to_string()).append();
    for output in [append(folder.path("0.jsonl")), partitioned.clone(), partitioned.max_open_files(1)] {
        let (path, rotated) = (folder.write("0.jsonl", "old\n"), folder.path("0.jsonl.1"));
        let records = AtomicU64::new(0);
        let rotate = move |_: RecordRef<'_>| {
            // By then, the first batches are written.
            if records.fetch_add(1, Relaxed) == LINES / 2 {
                fs::rename(&path, &rotated).unwrap();
            }
        };
        let error = Pipeline::builder("rotated")
            .workers(1)
            .read(jsonl::read_records(&input).block_size(1_000))
            .inspect(rotate)
            .write(jsonl::write(output))
            .unwrap()
            .run_blocking(&RunContext::new())
            .unwrap_err();
        assert!(format!("{error:#}").contains("it was removed, replaced"), "{error:#}");
        assert!(!folder.path("0.jsonl").exists() && !folder.path("1.jsonl").exists());
    }
}

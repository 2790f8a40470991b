//! The readers and writers for tests.

#![allow(clippy::unwrap_used, reason = "a test that can't go on fails")]

use godata_etl::testing::{Captured, Gate, Script};
use godata_etl::{JobErrorKind, Limit, OnError, Pipeline, PipelineError, Record, RunContext};

fn pipeline(reader: Script<u32>, writer: Captured<u32>, letters: Captured<Record>) -> Pipeline {
    let policy = OnError::dead_letter(letters, Limit::records(2));
    Pipeline::builder("tested").workers(2).on_error(policy).read(reader).write(writer).unwrap()
}

async fn run(
    reader: Script<u32>,
    writer: &Captured<u32>,
    letters: &Captured<Record>,
) -> Option<PipelineError> {
    pipeline(reader, writer.clone(), letters.clone()).run(&RunContext::new()).await.err()
}

#[tokio::test]
async fn a_script_is_read_in_order_and_anew_in_each_run() {
    let (written, letters) = (Captured::new(), Captured::new());
    let reader = Script::new().rows([1, 2]).bad_row("torn").rows([]).rows([4]);
    let pipeline = pipeline(reader, written.clone(), letters.clone());
    for _ in 0..2 {
        let report = pipeline.run(&RunContext::new()).await.unwrap();
        assert_eq!((report.read.records, report.read.rejected), (3, 1));
        assert_eq!(written.visible(), [1, 2, 4]);
        let [letter] = &letters.visible()[..] else { panic!("one letter") };
        assert_eq!((letter.u64("record").unwrap(), letter.text("error").unwrap()), (3, "torn"));
    }
}

#[tokio::test]
async fn a_script_fails_where_it_says() {
    let (written, letters) = (Captured::new(), Captured::new());
    let failed = run(Script::new().rows([1]).fail("no such table"), &written, &letters).await.unwrap();
    assert_eq!(format!("{failed:#}"), "read failed: no such table");
    let failed = run(Script::new().transient("busy"), &written, &letters).await.unwrap();
    assert_eq!(JobErrorKind::of(&failed), JobErrorKind::Transient { retry_after: None });
    assert!(written.visible().is_empty());
}

#[tokio::test]
async fn a_script_waits_for_its_gate() {
    let gate = Gate::new();
    let (written, letters) = (Captured::new(), Captured::new());
    let pipeline = pipeline(Script::new().wait(&gate).rows([1]), written.clone(), letters);
    let running = tokio::spawn(async move { pipeline.run(&RunContext::new()).await });
    tokio::task::yield_now().await;
    assert!(!running.is_finished());
    gate.open();
    running.await.unwrap().unwrap();
    assert_eq!(written.visible(), [1]);
}

#[tokio::test]
async fn a_writer_fails_where_it_says_and_keeps_what_it_had() {
    let (written, letters) = (Captured::new(), Captured::new());
    assert!(run(Script::new().rows([1]), &written, &letters).await.is_none());
    for failing in [written.clone().fail_write("disk full"), written.clone().fail_commit("disk full")] {
        let failed = run(Script::new().rows([2]), &failing, &letters).await.unwrap();
        assert_eq!(format!("{failed:#}"), "write failed: disk full");
        assert_eq!(failing.visible(), [1]);
    }
}

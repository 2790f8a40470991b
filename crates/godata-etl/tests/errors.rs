//! How each error prints: its own message by `Display`, its whole chain on one line by `Debug`.

#![allow(clippy::unwrap_used, reason = "a test that can't go on fails")]

use std::error::Error;
use std::future::ready;

use godata_core::excerpt_within;
use godata_etl::{
    BoxError, BuildError, Concurrency, ConvertError, FieldError, Flow, Origin, Pipeline, PipelineError,
    Records, RunContext, ShapeError, Type, record, to_record,
};

/// Checks both forms of an error; `causes` is what `Debug` adds.
#[track_caller]
fn check(error: &impl Error, message: &str, causes: &str) {
    assert_eq!(error.to_string(), message);
    assert_eq!(format!("{error:?}"), format!("{message}{causes}"));
}

fn numbers() -> Flow<Vec<i32>> {
    Pipeline::builder("numbers").read_vec(vec![1])
}

fn build_error(flow: Flow<Vec<i32>>) -> BuildError {
    flow.write_fn(|_, _| ready(Ok(()))).unwrap_err()
}

fn run_error(flow: Flow<Vec<i32>>, cx: &RunContext) -> PipelineError {
    flow.write_fn(|_, _| ready(Err("disk full".into()))).unwrap().run_blocking(cx).unwrap_err()
}

#[test]
fn build_errors() {
    let named = |name: &str| build_error(Pipeline::builder(name).read_vec(vec![1]));
    check(&named(""), "invalid pipeline name ``", ": a name must not be empty");
    check(
        &named("a\nb"),
        r"invalid pipeline name `a\nb`",
        ": a name must not contain control or invisible characters, and this one has `\\n`",
    );
    check(&named("a "), "invalid pipeline name `a `", ": a name must not start or end with white space");
    let long = "n".repeat(201);
    check(
        &named(&long),
        &format!("invalid pipeline name `{}…`", &long[..80]),
        ": a name has at most 200 bytes, and this one has 201",
    );
    let no_workers = build_error(Pipeline::builder("numbers").workers(0).read_vec(vec![1]));
    check(&no_workers, "pipeline `numbers` needs at least one worker; the default is one per core", "");
    let none_in_flight = build_error(numbers().map_async(Concurrency::Ordered(0), |n| async move { Ok(n) }));
    check(
        &none_in_flight,
        "step[0] (map_async) of pipeline `numbers` needs at least one record in flight",
        "",
    );
}

#[tokio::test]
async fn errors_of_previews_and_of_runs_in_the_wrong_place() {
    let unnamed = Pipeline::builder("").read_vec(vec![1]).collect(1).await.unwrap_err();
    check(&unnamed, "the pipeline can't be built", ": invalid pipeline name ``: a name must not be empty");
    check(
        &run_error(numbers(), &RunContext::new()),
        "pipeline `numbers` can't run here",
        ": `run_blocking` was called on a thread of a tokio runtime: await `run` instead, or within `spawn_blocking` wait for it \
         with `Handle::current().block_on(...)`",
    );
}

#[test]
fn errors_of_runs() {
    let cx = RunContext::new;
    let read = Pipeline::builder("numbers").read_fn(|_| ready(Err("no such table".into())));
    check(&run_error(read, &cx()), "read failed", ": no such table");
    let step = numbers().try_map(|_| Err(BoxError::from("not a number")));
    check(&run_error(step, &cx()), "step[0] (try_map) failed at record 1", ": not a number");
    let panics = numbers().map(|_| panic!("no row {}", 7));
    check(&run_error(panics, &cx()), "step[0] (map) failed at record 1", ": panicked: no row 7");
    let panics = numbers().map(|_| std::panic::panic_any(7));
    check(&run_error(panics, &cx()), "step[0] (map) failed at record 1", ": panicked: no message");
    check(&run_error(numbers(), &cx()), "write failed", ": disk full");
    let canceled = cx();
    canceled.cancel();
    check(&run_error(numbers(), &canceled), "pipeline `numbers` was stopped", ": the run was canceled");
}

#[test]
fn field_errors() {
    let mut order = record! {"id" => "A-1", "amount" => "abc", "note" => ()};
    let check = |error: FieldError, message: &str| check(&error, message, "");
    check(order.f64("price").unwrap_err(), "field `price` is missing");
    check(order.f64("note").unwrap_err(), "field `note` is null");
    check(order.f64("amount").unwrap_err(), "field `amount`: expected a number, found text `abc`");
    let taken = order.rename("id", "amount").unwrap_err();
    check(taken, "field `id` can't be renamed to `amount`: both have a value");
    let mut batch: Records = [record! {"amount" => "12.50"}].into_iter().collect();
    batch.cast_row(0, "amount", Type::Float).unwrap();
    let error = batch.cast_row(0, "amount", Type::Int).unwrap_err();
    check(error, "field `amount`: expected a whole number (int), found number `12.50`");
}

#[test]
fn shape_errors() {
    let check = |error: ShapeError, message: &str| check(&error, message, "");
    let mut batch = Records::with_names(["id", "amount"]).unwrap();
    batch.push(record! {"id" => 1, "amount" => 2});
    let duplicate = Records::with_names(["id", "id"]).unwrap_err();
    check(duplicate, "the name `id` appears twice");
    check(batch.select(&["price"]).unwrap_err(), "no field is named `price`; the fields are `id`, `amount`");
    check(
        batch.rename("id", "amount").unwrap_err(),
        "field `id` can't be renamed to `amount`: both have a value",
    );
    let unknown = ShapeError::Unknown { name: "id".into(), known: Vec::new() };
    check(unknown, "no field is named `id`; there are no fields");
    check(ShapeError::TooManyCells { cells: 3, names: 2 }, "a row has 3 cells for 2 names");
}

#[test]
fn convert_errors() {
    #[derive(Debug, serde::Deserialize)]
    struct Order {
        #[expect(dead_code, reason = "it is only read")]
        amount: f64,
    }
    let check = |error: ConvertError, message: &str| check(&error, message, "");
    check(record! {}.de::<Order>().unwrap_err(), "field `amount` is missing");
    let text = record! {"amount" => "abc"};
    check(text.de::<Order>().unwrap_err(), "field `amount`: expected a number, found text `abc`");
    let number = to_record(&u128::MAX).unwrap_err();
    check(number, "expected a struct or a map, found number `340282366920938463463374607431768211455`");
}

#[test]
fn no_error_prints_a_character_that_a_terminal_obeys_or_a_text_without_end() {
    for text in ["a\n\u{1b}[2J\u{202e}\u{200b}\u{2028}\u{9b}\u{e0041}".to_owned(), "x".repeat(1 << 20)] {
        let text: &str = text.leak();
        let mut order = record! {text => text};
        let mut batch = Records::with_names((0..5_000).map(|n| format!("{n}{text:.1000}"))).unwrap();
        let origin = Origin::new(1).source(text);
        let run_failed = || {
            let flow =
                Pipeline::builder("numbers").read_vec(vec![1]).try_map(move |_| Err(text.to_owned().into()));
            run_error(flow, &RunContext::new())
        };
        let errors: [BoxError; 13] = [
            Pipeline::builder(text).read_vec(vec![1]).write_fn(|_, _| ready(Ok(()))).unwrap_err().into(),
            BuildError::NoWorkers { pipeline: text.into() }.into(),
            PipelineError::from(BuildError::NoWorkers { pipeline: text.into() }).into(),
            order.f64(text).unwrap_err().into(),
            order.f64(&text[1..]).unwrap_err().into(),
            order.rename(text, text).err().map_or_else(|| "none".into(), Into::into),
            batch.select(&[text]).unwrap_err().into(),
            batch.rename("0", "1").unwrap_err().into(),
            Records::with_names([text, text]).unwrap_err().into(),
            order.de::<std::collections::BTreeMap<String, u8>>().unwrap_err().into(),
            <ConvertError as serde::de::Error>::custom(text).into(),
            <ConvertError as serde::de::Error>::unknown_variant(text, &["x"; 5_000]).into(),
            run_failed().into(),
        ];
        let places = [origin.place(0).to_string(), format!("{:#}", run_failed())];
        for error in errors.iter().map(|error| format!("{error:?}")).chain(places) {
            assert!(error.len() < 4_000, "{}", error.len());
            assert_eq!(excerpt_within(&error, error.len()), error);
        }
    }
}

//! A column that is renamed in the source: each step that asks for its old name fails, and the old output stays.

#![allow(clippy::unwrap_used, reason = "a test that can't go on fails")]

mod support;

use std::fs;

use godata::{
    BoxError, Concurrency, Flow, Input, Output, Pipeline, RecordMut, RecordRef, Records, RunContext, Type,
    csv, jsonl, record,
};

use support::Folder;

const INPUT: &str = "id,Status,amount\nA-1,paid,10\nA-2,open,20\n";

/// Reads the orders, whose column `status` has become `Status`.
fn orders() -> Flow<Records> {
    Pipeline::builder("orders").read(csv::read_records(Input::bytes("orders.csv", INPUT)))
}

const UNKNOWN: &str =
    "no field is named `status` (did you mean `Status`?); the fields are `id`, `Status`, `amount`";

fn run<B: godata::etl::Batch>(flow: Flow<B>) -> Result<String, String>
where
    jsonl::JsonlWriter: godata::Writer<B>,
{
    let folder = Folder::new();
    fs::write(folder.path("out.jsonl"), "yesterday\n").unwrap();
    let pipeline = flow.write(jsonl::write(folder.path("out.jsonl"))).unwrap();
    let run = pipeline.run_blocking(&RunContext::new()).map(drop);
    let out = fs::read_to_string(folder.path("out.jsonl")).unwrap();
    match run {
        Ok(()) => Ok(out),
        Err(error) => {
            assert_eq!(out, "yesterday\n");
            Err(format!("{error:?}"))
        }
    }
}

#[track_caller]
fn fails<B: godata::etl::Batch>(flow: Flow<B>, place: &str, reason: &str)
where
    jsonl::JsonlWriter: godata::Writer<B>,
{
    assert_eq!(run(flow), Err(format!("{place}: {reason}")));
}

#[test]
fn a_filter_by_a_renamed_column_fails_and_the_old_output_stays() {
    let flow = orders().filter(|order| order.str("status") == Some("paid"));
    fails(flow, "step[0] (filter) failed at record 1 (orders.csv:2)", UNKNOWN);
}

#[test]
fn the_first_program_of_the_readme_fails_with_the_names_that_there_are() {
    let flow = orders()
        .try_filter(|order| Ok(order.text("status")? == "paid"))
        .cast("amount", Type::Float)
        .derive("gross", |order| Ok(order.f64("amount")? * 1.19));
    fails(flow, "step[0] (try_filter) failed at record 1 (orders.csv:2)", UNKNOWN);
}

#[test]
fn every_getter_but_contains_fails_for_an_unknown_name() {
    type Ask = fn(RecordRef<'_>) -> bool;
    let getters: [Ask; 9] = [
        |r| r.get("status").is_some(),
        |r| r.str("status").is_some(),
        |r| r.text("status").is_ok(),
        |r| r.bool("status").unwrap_or_default(),
        |r| r.i64("status").is_ok(),
        |r| r.u64("status").is_ok(),
        |r| r.f64("status").unwrap_or(0.0) > 1.0,
        |r| r.timestamp("status").is_ok(),
        |r| r.is_null("status"),
    ];
    for ask in getters {
        fails(orders().filter(ask), "step[0] (filter) failed at record 1 (orders.csv:2)", UNKNOWN);
    }
    assert_eq!(run(orders().filter(|r| r.contains("status"))), Ok(String::new()));
}

#[test]
fn the_place_is_that_of_the_record_that_was_asked() {
    let flow = orders().filter(|r| r.str("id") == Some("A-2")).inspect(|r| assert!(r.is_null("status")));
    fails(flow, "step[1] (inspect) failed at record 2 (orders.csv:3)", UNKNOWN);
}

#[test]
fn steps_of_every_kind_fail_for_an_unknown_name() {
    let first = |step: &str| format!("step[0] ({step}) failed at record 1 (orders.csv:2)");
    fails(orders().map(|r| r.str("status").map(str::to_owned)), &first("map"), UNKNOWN);
    fails(orders().try_map(|r| Ok(r.text("status").is_ok())), &first("try_map"), UNKNOWN);
    fails(orders().filter_map(|r| r.str("status").map(str::to_owned)), &first("filter_map"), UNKNOWN);
    fails(orders().flat_map(|r| r.str("status").map(str::to_owned)), &first("flat_map"), UNKNOWN);
    fails(orders().filter_with(|_, r| Ok(r.is_null("status"))), &first("filter_with"), UNKNOWN);
    fails(orders().derive("is_paid", |r| Ok(r.str("status") == Some("paid"))), &first("derive"), UNKNOWN);
    fails(orders().derive("status", |r| Ok(r.str("status").map(str::to_owned))), &first("derive"), UNKNOWN);
    let copy = |r: &mut RecordMut<'_>| {
        let is_paid = r.str("status") == Some("paid");
        r.set("is_paid", is_paid);
        Ok(())
    };
    fails(orders().transform(copy), &first("transform"), UNKNOWN);
    fails(orders().transform(|r| Ok(r.copy("status", "state")?)), &first("transform"), UNKNOWN);
    fails(orders().transform(|r| Ok(r.rename("status", "state")?)), &first("transform"), UNKNOWN);
    fails(orders().transform(|r| Ok(r.cast("status", Type::Bool)?)), &first("transform"), UNKNOWN);
    fails(orders().transform(|r| Ok(r.update("status", |_| 1)?)), &first("transform"), UNKNOWN);
    fails(orders().cast("status", Type::Text), &first("cast"), UNKNOWN);
    for flow in
        [orders().select(["status"]), orders().drop_fields(["status"]), orders().rename("status", "s")]
    {
        let error = run(flow).unwrap_err();
        assert!(error.ends_with(UNKNOWN), "{error}");
    }
    let whole = |batch: Records| Ok(batch.iter().map(|r| r.str("status").is_some()).collect::<Vec<_>>());
    let error = run(orders().map_batch(whole)).unwrap_err();
    assert!(error.contains("(map_batch)") && error.ends_with(UNKNOWN), "{error}");
}

#[test]
fn records_that_leave_their_batch_know_its_names() {
    let first = |step: &str| format!("step[0] ({step}) failed at record 1 (orders.csv:2)");
    let scan = orders().scan(0, |_, r| Ok(r.str("status").map(str::len)));
    fails(scan, &first("scan"), UNKNOWN);
    for concurrency in [Concurrency::Ordered(2), Concurrency::Unordered(2)] {
        let asked = orders().map_async(concurrency, |r| async move { Ok(r.str("status").is_some()) });
        let error = run(asked).unwrap_err();
        assert!(error.contains("(map_async) failed at record") && error.ends_with(UNKNOWN), "{error}");
        let later = orders().map_async(concurrency, |r| async { Ok(r) }).filter(|r| r.is_null("status"));
        let error = run(later).unwrap_err();
        assert!(
            error.starts_with("step[1] (filter) failed at record") && error.ends_with(UNKNOWN),
            "{error}"
        );
    }
}

#[test]
fn a_closure_that_writes_fails_for_an_unknown_name() {
    let pipeline = orders()
        .write_fn(|_, batch| async move {
            assert!(batch.iter().all(|r| r.is_null("status")));
            Ok(())
        })
        .unwrap();
    let error = format!("{:?}", pipeline.run_blocking(&RunContext::new()).unwrap_err());
    assert!(error.starts_with("write failed") && error.ends_with(UNKNOWN), "{error}");
}

#[test]
fn names_that_steps_add_remove_and_rename_are_followed() {
    let flow = orders()
        .rename("Status", "status")
        .derive("is_paid", |r| Ok(r.str("status") == Some("paid")))
        .filter(|r| r.bool("is_paid") == Ok(true))
        .select(["id", "is_paid"]);
    assert_eq!(run(flow), Ok("{\"id\":\"A-1\",\"is_paid\":true}\n".to_owned()));
    let dropped = orders().drop_fields(["Status"]).filter(|r| r.is_null("Status"));
    let reason = "no field is named `Status`; the fields are `id`, `amount`";
    fails(dropped, "step[1] (filter) failed at record 1 (orders.csv:2)", reason);
}

/// Whether it sets a name in a batch depends on the rows of the batch.
#[test]
fn after_a_transform_any_name_may_be_that_of_some_records() {
    let flagged = || {
        orders().transform(|r| {
            if r.f64("amount")? > 1000.0 {
                r.set("flag", true);
            }
            r.remove("nothing");
            Ok(())
        })
    };
    // No record has the flag today.
    let expected = "{\"id\":\"A-1\",\"Status\":\"paid\",\"amount\":\"10\"}\n\
                    {\"id\":\"A-2\",\"Status\":\"open\",\"amount\":\"20\"}\n";
    assert_eq!(run(flagged().filter(|r| r.is_null("flag"))), Ok(expected.to_owned()));
    let normalized = || {
        orders().transform(|r| {
            if let Some(status) = r.str("Status").filter(|status| *status == "absent").map(str::to_owned) {
                r.set("status", status);
            }
            Ok(())
        })
    };
    assert_eq!(run(normalized().filter(|r| r.str("status") == Some("paid"))), Ok(String::new()));
    assert_eq!(run(normalized().rename("status", "state")), Ok(expected.to_owned()));
}

#[test]
fn open_names_are_options() {
    let json = || Input::bytes("orders.jsonl", "{\"id\":1,\"Status\":\"paid\"}\n");
    let flow = || Pipeline::builder("orders").read(jsonl::read_records(json()));
    assert_eq!(run(flow().filter(|r| r.str("status") == Some("paid"))), Ok(String::new()));
    let reason = "field `status` is missing";
    let strict = flow().try_filter(|r| Ok(r.text("status")? == "paid"));
    fails(strict, "step[0] (try_filter) failed at record 1 (orders.jsonl:1)", reason);
    let made = || Pipeline::builder("orders").read_vec(vec![record! {"id" => 1}]).untyped();
    assert_eq!(run(made().filter(|r| r.str("status").is_none())), Ok("{\"id\":1}\n".to_owned()));
}

#[test]
fn an_error_or_a_default_of_the_closure_does_not_hide_the_unknown_name() {
    let place = "step[0] (try_map) failed at record 1 (orders.csv:2)";
    let error =
        |r: RecordRef<'_>| r.str("status").map(str::to_owned).ok_or_else(|| BoxError::from("no status"));
    fails(orders().try_map(error), place, UNKNOWN);
    fails(orders().try_map(|r| Ok(r.f64("status").unwrap_or(1.0))), place, UNKNOWN);
}

#[derive(serde::Deserialize, serde::Serialize)]
struct Order {
    id: String,
    status: Option<String>,
    #[serde(default)]
    coupon: String,
}

#[test]
fn an_optional_field_of_a_struct_is_not_none_because_its_column_is_spelled_otherwise() {
    let place = "step[0] (typed) failed in `orders.csv`";
    fails(orders().typed::<Order>(), place, UNKNOWN);
    let typed = orders().rename("Status", "status").typed::<Order>();
    let first = run(typed).unwrap().lines().next().map(str::to_owned);
    assert_eq!(first.as_deref(), Some(r#"{"id":"A-1","status":"paid","coupon":""}"#));
    let read = Pipeline::builder("orders").read(csv::read::<Order>(Input::bytes("orders.csv", INPUT)));
    let error = run(read).unwrap_err();
    assert!(error.starts_with("read failed") && error.ends_with(UNKNOWN), "{error}");
}

#[test]
fn a_partition_by_a_renamed_column_fails() -> Result<(), BoxError> {
    let folder = Folder::new();
    let out = Output::partitioned(folder.path("out/{status}.jsonl").display().to_string()).create_parents();
    let error = orders().write(jsonl::write(out))?.run_blocking(&RunContext::new()).unwrap_err();
    assert!(format!("{error:?}").ends_with(UNKNOWN), "{error:?}");
    Ok(())
}

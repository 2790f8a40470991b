//! The fields by which records are compared.

use std::sync::{Arc, Mutex};

use super::{run_records, spilled};
use crate::keyed::Memory;
use crate::{Flow, Join, Keep, Limit, OnError, Pipeline, Records, agg, record};

#[test]
fn a_field_that_no_record_has_fails_the_run() {
    let keyed: [fn(Flow<Records>) -> Flow<Records>; 7] = [
        |flow| flow.sort_by(["b", "x"], spilled()),
        |flow| flow.top(3, ["x"], spilled()),
        |flow| flow.dedupe_by(["x"], Keep::First, spilled()),
        |flow| flow.dedupe_by(["x"], Keep::Last, Memory::mib(1)),
        |flow| flow.group_by(["x"], Memory::mib(1)).aggregate([agg::count()]),
        |flow| flow.group_by(["b"], spilled()).aggregate([agg::sum("x")]),
        |flow| {
            let table = Pipeline::builder("table").read_vec(vec![record! {"y" => 1}]).untyped();
            flow.join(table, [("b", "x")], Join::Inner, Memory::mib(1))
        },
    ];
    for step in keyed {
        let rows =
            || Pipeline::builder("test").read_vec(vec![record! {"a" => 1}, record! {"b" => 1}]).untyped();
        let text = format!("{:#}", run_records(step(rows())).unwrap_err());
        assert!(
            text.ends_with("no record has a field `x`; `fill_null` before this step gives it to all"),
            "{text}"
        );
        run_records(step(rows().filter(|_| false)))
            .map_or_else(|error| assert!(format!("{error:#}").contains("table")), drop);
    }
}

#[test]
fn names_go_on_even_if_there_are_no_records() {
    let keyed: [fn(Flow<Records>) -> Flow<Records>; 6] = [
        |flow| flow.sort_by(["a"], spilled()),
        |flow| flow.top(3, ["a"], spilled()),
        |flow| flow.dedupe_by(["a"], Keep::First, spilled()),
        |flow| flow.dedupe_by(["a"], Keep::Last, spilled()),
        |flow| {
            let table = Pipeline::builder("table").read_vec(vec![record! {"a" => 1}]).untyped().select(["a"]);
            flow.join(table, ["a"], Join::Inner, spilled())
        },
        |flow| flow.group_by(["a"], spilled()).aggregate([agg::first("b").named("b")]),
    ];
    for step in keyed {
        for policy in [OnError::default(), OnError::skip(Limit::records(1))] {
            let flow =
                Pipeline::builder("test").on_error(policy).read_vec(vec![record! {"a" => 1, "b" => 2}]);
            let flow = step(flow.untyped().select(["a", "b"]).filter(|_| false));
            let names = Arc::new(Mutex::new(None));
            let seen = Arc::clone(&names);
            let flow = flow.map_batch(move |batch: Records| {
                let names = batch.names().map(str::to_owned).collect::<Vec<_>>();
                seen.lock().unwrap().get_or_insert((names, batch.has_fixed_names()));
                Ok(batch)
            });
            assert_eq!(run_records(flow).unwrap(), []);
            assert_eq!(*names.lock().unwrap(), Some((vec!["a".to_owned(), "b".to_owned()], true)));
        }
    }
}

#[test]
fn mistakes_in_the_fields_are_found_when_the_pipeline_is_built() {
    let flow = || Pipeline::builder("test").read_vec(vec![record! {"a" => 1}]).untyped();
    let mistake = |flow: Flow<Records>| flow.write_fn(|_, _| async { Ok(()) }).unwrap_err().to_string();
    let none: [&str; 0] = [];
    assert_eq!(
        mistake(flow().sort_by(none, spilled())),
        "step[1] (sort_by) of pipeline `test` needs at least one field"
    );
    let twice = flow().group_by(["a"], spilled()).aggregate([agg::first("b").named("a")]);
    assert_eq!(mistake(twice), "step[1] (group_by) of pipeline `test` has the field `a` twice");
}

#[test]
fn an_unknown_field_fails_the_run_whatever_the_policy() {
    let flow = Pipeline::builder("test").on_error(OnError::skip(Limit::unlimited()));
    let flow = flow.read_vec(vec![record! {"a" => 1}]).untyped().select(["a"]).sort_by(["b"], spilled());
    let text = format!("{:#}", run_records(flow).unwrap_err());
    assert_eq!(text, "step[2] (sort_by) failed: no field is named `b`; the only field is `a`");
}

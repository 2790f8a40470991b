//! The steps that clean fields, through pipelines: origins, counts, rejections and mistakes.

#![allow(clippy::unwrap_used, reason = "a test that can't go on fails")]

use godata_etl::{
    BoxError, BuildError, Cast, Flow, Limit, OnError, Pipeline, PipelineError, Records, RejectKind,
    RunContext, Value, record,
};

fn rows() -> Flow<Records> {
    let list = |values: &[i64]| Value::from(values.to_vec());
    let records = vec![
        record! {"id" => 1, "list" => list(&[1, 2])},
        record! {"id" => 2, "list" => list(&[])},
        record! {"id" => 3, "list" => ()},
        record! {"id" => 4, "list" => "x"},
        record! {"id" => 5},
        record! {"id" => 6, "list" => list(&[-1, 7])},
    ];
    Pipeline::builder("lists").on_error(OnError::skip(Limit::records(10))).read_vec(records).untyped()
}

#[tokio::test]
async fn exploded_records_are_counted_and_keep_their_origin() -> Result<(), BoxError> {
    let written = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
    let seen = std::sync::Arc::clone(&written);
    let pipeline = rows().explode("list").expect("not negative", |r| r.i64("list") != Ok(-1)).write_fn(
        move |_, batch: Records| {
            seen.lock().unwrap().extend(batch.iter().map(|r| (r.i64("id").unwrap(), r.i64("list").ok())));
            async { Ok(()) }
        },
    )?;
    let report = pipeline.run(&RunContext::new()).await?;
    let expected = [(1, Some(1)), (1, Some(2)), (2, None), (3, None), (5, None), (6, Some(7))];
    assert_eq!(*written.lock().unwrap(), expected);
    let places: Vec<String> = report.rejections.iter().map(|rejected| rejected.to_string()).collect();
    assert_eq!(places, ["step[1] (explode) rejected record 4", "step[2] (expect) rejected record 6",]);
    assert_eq!((report.steps[1].records_in, report.steps[1].records_out), (6, 7));
    Ok(())
}

#[tokio::test]
async fn unpivoted_records_keep_their_origin() -> Result<(), BoxError> {
    let wide = vec![
        record! {"shop" => "A", "jan" => "1", "feb" => "2"},
        record! {"shop" => "B", "jan" => "3", "feb" => "x"},
    ];
    let flow = Pipeline::builder("sales")
        .read_vec(wide)
        .untyped()
        .unpivot(["jan", "feb"], "month", "sold")
        .cast("sold", Cast::integer());
    let error = flow.collect(10).await.unwrap_err();
    let expected = "step[2] (cast) failed at record 2: field `sold`: expected a whole number such as `1234`, found text `x`";
    assert_eq!(format!("{error:#}"), expected);
    Ok(())
}

/// One row with known names, as of a CSV file.
fn table() -> Flow<Records> {
    let rows = vec![record! {"id" => 1, "status" => "paid"}];
    Pipeline::builder("table").read_vec(rows).untyped().select(["id", "status"])
}

#[tokio::test]
async fn a_name_that_the_input_does_not_have_fails_the_run() {
    let flows = [
        table().trim(["Status"]),
        table().null_if(["Status"], [""]),
        table().fill_null(["Status"], 1),
        table().coalesce("new", ["Status"]),
        table().split("Status", ","),
        table().join_text("Status", ","),
        table().explode("Status"),
        table().not_null("Status"),
        table().alias("Status", "STATUS"),
        table().unpivot(["Status"], "name", "value"),
    ];
    for flow in flows {
        let error = flow.collect(1).await.unwrap_err();
        let message = format!("{error:#}");
        assert!(message.contains("no field is named `Status` (did you mean `status`?)"), "{message}");
    }
}

#[tokio::test]
async fn arguments_that_make_no_sense_fail_when_the_pipeline_is_built() {
    let none = || [""; 0];
    let flows = [
        (rows().split("list", ""), "step[1] (split) of pipeline `lists` needs a separator that is not empty"),
        (rows().coalesce("id", none()), "step[1] (coalesce) of pipeline `lists` needs at least one field"),
        (rows().not_null(none()), "step[1] (not_null) of pipeline `lists` needs at least one field"),
        (rows().alias("id", none()), "step[1] (alias) of pipeline `lists` needs at least one other name"),
        (
            rows().unpivot(none(), "name", "value"),
            "step[1] (unpivot) of pipeline `lists` needs at least one field",
        ),
        (rows().cast("id", Cast::date("%Y")), "the cast of field `id` in pipeline `lists` has a mistake"),
    ];
    for (flow, expected) in flows {
        let error = flow.collect(1).await.unwrap_err();
        let PipelineError::Build { source } = error else { panic!("{error}") };
        assert!(matches!(source, BuildError::InvalidStep { .. } | BuildError::InvalidCast { .. }));
        assert_eq!(source.to_string(), expected);
    }
}

#[tokio::test]
async fn a_cast_in_a_closure_rejects_as_the_step_does() -> Result<(), BoxError> {
    let amount = Cast::decimal().comma();
    let flow = |cells: &[&str]| {
        let records = cells.iter().map(|cell| record! {"amount" => *cell}).collect::<Vec<_>>();
        Pipeline::builder("amounts").on_error(OnError::skip(Limit::records(1))).read_vec(records).untyped()
    };
    let cast = amount.clone();
    let by_parse = flow(&["1,5", "x"]).derive("exact", move |r| Ok(cast.parse(r.text("amount")?)?));
    let by_cast = flow(&["1,5", "x"]).transform(move |r| Ok(r.cast("amount", &amount)?));
    for (flow, column) in [(by_parse, None), (by_cast, Some("amount"))] {
        let report = flow.write_fn(|_, _| async { Ok(()) })?.run(&RunContext::new()).await?;
        let rejected = &report.rejections[0];
        assert_eq!((rejected.kind, rejected.column.as_deref()), (RejectKind::Type, column));
        assert!(
            rejected
                .error
                .to_string()
                .ends_with("expected a decimal number such as `1234,50`, found text `x`")
        );
    }
    Ok(())
}

/// The rows of a format without null.
fn cells() -> Flow<Records> {
    let rows = vec![
        record! {"id" => "1", "amount" => "3", "Betrag" => ""},
        record! {"id" => "2", "amount" => "", "Betrag" => "4"},
        record! {"id" => "", "amount" => "5", "Betrag" => "6"},
        record! {"id" => (), "amount" => "7", "Betrag" => ()},
    ];
    let flow =
        Pipeline::builder("cells").on_error(OnError::skip(Limit::records(10))).read_vec(rows).untyped();
    flow.batch_step("cells", |mut chunk, _| {
        let mut batch = chunk.take_batch();
        batch.set_empty_as_none();
        let all = (0..batch.len() as u32).collect();
        Ok(chunk.replaced_by(batch, all))
    })
}

fn rejections(flow: Flow<Records>) -> Vec<String> {
    let pipeline = flow.write_fn(|_, _| async { Ok(()) }).unwrap();
    let report = pipeline.run_blocking(&RunContext::new()).unwrap();
    report.rejections.iter().map(|rejected| format!("{rejected:#}")).collect()
}

#[test]
fn a_record_without_a_value_is_rejected_and_names_the_field() {
    let expected = [
        "step[2] (not_null) rejected record 3: field `id` is empty",
        "step[2] (not_null) rejected record 4: field `id` is null",
    ];
    assert_eq!(rejections(cells().not_null("id")), expected);
    let expected = [
        "step[1] (not_null) rejected record 3: field `list` is null",
        "step[1] (not_null) rejected record 5: field `list` is missing",
    ];
    assert_eq!(rejections(rows().not_null(["id", "list"])), expected);
    let report = rows().not_null("list").write_fn(|_, _| async { Ok(()) }).unwrap();
    let report = report.run_blocking(&RunContext::new()).unwrap();
    let rejected = &report.rejections[0];
    assert_eq!((rejected.kind, rejected.column.as_deref()), (RejectKind::Type, Some("list")));
}

#[test]
fn a_record_with_a_value_under_two_names_is_rejected() {
    let expected =
        ["step[2] (alias) rejected record 3: field `amount` and its other name `Betrag` both have a value"];
    assert_eq!(rejections(cells().alias("amount", ["Amount", "Betrag"])), expected);
}

#[tokio::test]
async fn a_field_is_the_same_as_a_list_of_one() -> Result<(), BoxError> {
    let names = [String::from("id")];
    let list = names.to_vec();
    let flows = [
        rows().select("id"),
        rows().select(["id"]),
        rows().select(vec!["id"]),
        rows().select(&names),
        rows().select(&names[..]),
        rows().select(&list),
        rows().select(list),
        rows().select(&names[0]),
        rows().select(names[0].clone()),
    ];
    for flow in flows {
        assert_eq!(flow.collect(1).await?, [record! {"id" => 1}]);
    }
    Ok(())
}

/// What the report says about the fields that the last step looks for.
fn missing_fields(flow: Flow<Records>) -> Vec<String> {
    let pipeline = flow.write_fn(|_, _| async { Ok(()) }).unwrap();
    let report = pipeline.run_blocking(&RunContext::new()).unwrap();
    let missing = report.steps.last().unwrap().missing_fields.clone();
    let is_shown = report.to_string().contains(&format!("no record has a field `{}`", missing.join("`, `")));
    assert_eq!(is_shown, !missing.is_empty(), "{report}");
    missing
}

#[test]
fn a_field_that_no_record_has_is_in_the_report() {
    let rows = || {
        // Batches of one record.
        let names = ["a", "b", "c"];
        Pipeline::builder("rows")
            .read_iter(move |_| names)
            .map(|name| record! {name => Value::Null})
            .untyped()
    };
    let typo = ["typo"];
    assert_eq!(missing_fields(rows().select(["a", "typo", "c"])), typo);
    assert_eq!(missing_fields(rows().drop_fields(["b", "typo"])), typo);
    assert_eq!(missing_fields(rows().rename("typo", "d")), typo);
    assert_eq!(missing_fields(rows().alias("typo", ["other"])), typo);
    assert_eq!(missing_fields(rows().trim(["typo", "b"])), typo);
    assert_eq!(missing_fields(rows().null_if("typo", [1])), typo);
    assert_eq!(missing_fields(rows().coalesce("a", ["typo", "b"])), typo);
    assert_eq!(missing_fields(rows().split("typo", ",")), typo);
    assert_eq!(missing_fields(rows().join_text("typo", ",")), typo);
    assert_eq!(missing_fields(rows().explode("typo")), typo);
    assert_eq!(missing_fields(rows().unpivot(["a", "typo"], "name", "value")), typo);

    let none: [&str; 0] = [];
    assert_eq!(missing_fields(rows().select(["c", "a"])), none);
    assert_eq!(missing_fields(rows().alias("typo", ["c"])), none);
    assert_eq!(missing_fields(rows().fill_null("new", 1)), none);
    assert_eq!(missing_fields(rows().filter(|_| false).select("typo")), none);
}

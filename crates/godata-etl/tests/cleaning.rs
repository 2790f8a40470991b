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

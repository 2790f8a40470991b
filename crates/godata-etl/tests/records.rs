//! Dynamic records through the steps.

#![allow(clippy::unwrap_used, reason = "a test that can't go on fails")]

use godata_etl::Concurrency::Ordered;
use godata_etl::{BoxError, Flow, JobErrorKind, Pipeline, Record, Records, RunContext, Type, Value, record};

fn orders() -> Flow<Records> {
    let records = vec![
        record! {"id" => 1, "amount" => "10.50", "status" => "paid"},
        record! {"id" => 2, "amount" => "3", "status" => "pending"},
        record! {"id" => 3, "amount" => "x", "status" => "paid", "note" => "late"},
    ];
    Pipeline::builder("orders").read_vec(records).untyped()
}

#[tokio::test]
async fn untyped_leads_back_from_steps_that_make_other_values() -> Result<(), BoxError> {
    let doubled = orders()
        .map(|r| record! {"id" => r.i64("id").unwrap_or(0) * 2})
        .map_async(Ordered(2), |mut r: Record| async move {
            r.set("seen", true);
            Ok(r)
        })
        .untyped()
        .scan(0, |count, mut r| {
            *count += 1;
            r.set("count", *count);
            Ok((*count != 2).then_some(r))
        })
        .collect(10)
        .await?;
    let expected = [
        record! {"id" => 2, "seen" => true, "count" => 1},
        record! {"id" => 6, "seen" => true, "count" => 3},
    ];
    assert_eq!(doubled, expected);
    Ok(())
}

#[tokio::test]
async fn untyped_keeps_values_that_serde_cannot_represent() -> Result<(), BoxError> {
    let at = Value::from(time::UtcDateTime::UNIX_EPOCH);
    let row = record! {"at" => at.clone(), "bytes" => Value::Bytes(vec![1, 2])};
    let kept = Pipeline::builder("kept").read_vec(vec![row.clone()]).untyped().collect(1).await?;
    assert_eq!(kept, [row]);
    Ok(())
}

#[tokio::test]
async fn types_of_fields_change_by_cast_and_typed() -> Result<(), BoxError> {
    #[derive(Debug, PartialEq, serde::Deserialize)]
    struct Order {
        id: u32,
        amount: f64,
        note: Option<String>,
    }
    let good = || orders().filter(|r| r.str("amount") != Some("x"));
    let amounts =
        good().cast("amount", Type::Float).map(|r| r.get("amount").map(|v| v.to_owned())).collect(9).await?;
    assert_eq!(amounts, [Some(Value::from(10.5)), Some(Value::from(3.0))]);
    let typed = good().typed::<Order>().collect(1).await?;
    assert_eq!(typed, [Order { id: 1, amount: 10.5, note: None }]);
    let error = orders().cast("amount", Type::Float).collect(9).await.unwrap_err();
    let expected = "step[1] (cast) failed at record 3: field `amount`: expected a number, found text `x`";
    assert_eq!(format!("{error:#}"), expected);
    Ok(())
}

#[tokio::test]
async fn a_context_reaches_steps_and_previews() -> Result<(), BoxError> {
    let flow = || {
        Pipeline::builder("daily")
            .read_fn(|cx| async move { Ok(vec![record! {"day" => cx.params().require("day")?}]) })
            .untyped()
            .filter_with(|cx, r| Ok(r.str("day") == cx.params().get("day")))
            .transform_with(|cx, r| {
                r.set("attempt", cx.attempt());
                Ok(())
            })
    };
    let cx = RunContext::new().with_param("day", "monday");
    assert_eq!(flow().collect_with(&cx, 5).await?, [record! {"day" => "monday", "attempt" => 1}]);
    let error = flow().collect(5).await.unwrap_err();
    assert_eq!(
        JobErrorKind::of(&error),
        JobErrorKind::Permanent,
        "a retry has the same parameters: {error:#}"
    );
    Ok(())
}

#[tokio::test]
async fn names_that_some_records_lack_are_no_mistake() -> Result<(), BoxError> {
    let rows =
        orders().drop_fields(["nothing"]).select(["note", "id"]).rename("note", "remark").collect(9).await?;
    assert_eq!(rows, [record! {"id" => 1}, record! {"id" => 2}, record! {"remark" => "late", "id" => 3}]);
    Ok(())
}

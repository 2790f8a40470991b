//! Reads one array inside the JSON document that a web service returned, and writes it as a pretty-printed array.
//!
//!     cargo run --example json_array

use godata::prelude::*;
use godata::{DuplicateKeys, json};

const ANSWER: &str = r#"{
  "page": 1,
  "data": {
    "orders": [
      {"id": "A-1", "amount": 12.50, "tags": ["new"]},
      {"id": "A-2", "amount": 0.00, "tags": []},
      {"id": "A-3", "amount": 12345678901234567890123, "id": "A-4"}
    ]
  },
  "next": null
}"#;

fn main() -> Result<(), BoxError> {
    let folder = tempfile::tempdir()?;
    let paid = folder.path().join("paid.json");

    let answer = Input::bytes("answer", ANSWER);
    let reader = json::read_records(answer).pointer("/data/orders").duplicate_keys(DuplicateKeys::Last);
    let pipeline = Pipeline::builder("paid")
        .read(reader)
        .try_filter(|order| Ok(order.f64("amount")? > 0.0))
        .write(json::write(&paid).pretty())?;
    pipeline.run_blocking(&RunContext::new())?;
    println!("{}", std::fs::read_to_string(&paid)?);
    Ok(())
}

//! A filter in a shell pipeline: reads orders from standard input and writes the paid ones to standard output.
//!
//!     printf 'id,status\nA-1,paid\nA-2,open\n' | cargo run --example stdin_stdout csv
//!     yes '{"id":1,"status":"paid"}' | cargo run --example stdin_stdout jsonl | head -1
//!
//! The format defaults to JSON Lines.

use std::env;

use godata::prelude::*;

fn main() -> Result<(), BoxError> {
    let paid = |order: RecordRef<'_>| Ok(order.text("status")? == "paid");
    let builder = Pipeline::builder("paid");
    let (input, output) = (Input::stdin(), Output::stdout());
    let pipeline = match env::args().nth(1).as_deref() {
        Some("csv") => builder.read(csv::read_records(input)).try_filter(paid).write(csv::write(output))?,
        None | Some("jsonl") => {
            builder.read(jsonl::read_records(input)).try_filter(paid).write(jsonl::write(output))?
        }
        Some(other) => return Err(format!("expected csv or jsonl, found {other}").into()),
    };
    match pipeline.run_blocking(&RunContext::new()) {
        // The program that reads the output, such as `head`, has closed it. For a filter that is a normal end.
        Err(error) if error.is_broken_pipe() => Ok(()),
        result => Ok(result.map(drop)?),
    }
}

//! A filter in a pipe of the shell: of the orders on standard input, the paid ones go to standard output.
//!
//!     printf 'id,status\nA-1,paid\nA-2,open\n' | cargo run --example stdin_stdout csv
//!     yes '{"id":1,"status":"paid"}' | cargo run --example stdin_stdout jsonl | head -1
//!
//! The format is JSON Lines if none is given.

use std::env;

use godata::{Output, prelude::*};

fn main() -> Result<(), BoxError> {
    let paid = |order: RecordRef<'_>| order.str("status") == Some("paid");
    let builder = Pipeline::builder("paid");
    let (input, output) = (Input::stdin(), Output::stdout());
    let pipeline = match env::args().nth(1).as_deref() {
        Some("csv") => builder.read(csv::read_records(input)).filter(paid).write(csv::write(output))?,
        None | Some("jsonl") => {
            builder.read(jsonl::read_records(input)).filter(paid).write(jsonl::write(output))?
        }
        Some(other) => return Err(format!("expected csv or jsonl, found {other}").into()),
    };
    match pipeline.run_blocking(&RunContext::new()) {
        // Whoever reads the output has enough of it, as `head` has: for a filter that is a normal end.
        Err(error) if error.is_broken_pipe() => Ok(()),
        result => Ok(result.map(drop)?),
    }
}

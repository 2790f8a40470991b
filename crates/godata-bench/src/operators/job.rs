//! The operators, each as a program of its own.

use std::path::Path;

use godata::prelude::*;
use godata::{Join, Keep, Memory, Output, agg};

/// Reads `input`, runs one operator with this memory, and writes CSV to the standard output.
pub(crate) fn run(name: &str, input: &Path, table: &Path, mib: u64) -> Result<(), BoxError> {
    let memory = Memory::mib(mib);
    let flow = Pipeline::builder("operators").read(csv::read_records(input));
    let flow = match name {
        "sort" => flow.sort_by(["key"], memory),
        "group" => flow.group_by(["key"], memory).aggregate([agg::count(), agg::sum("amount")]),
        "distinct" => flow.select(["key", "number"]).dedupe_by(["key", "number"], Keep::First, memory),
        "dedupe" => flow.dedupe_by(["key"], Keep::Last, memory),
        "join" => flow.join(csv::read_records(table), ["key"], Join::Inner, memory),
        "groups" => flow.group_by(["number"], memory).aggregate([agg::count(), agg::sum("amount")]),
        "top" => flow.top(10, ["key"], memory),
        _ => return Err(format!("`{name}` is no operator").into()),
    };
    flow.write(csv::write(Output::stdout()))?.run_blocking(&RunContext::new())?;
    Ok(())
}

//! The steps that write temporary files.

use godata_etl::{BuildError, Flow, Join, Keep, Memory, Pipeline, Records, agg, record};

use crate::child::{Output, numbers};

/// A name, and the pipeline of a step that gets more than fits into the memory.
pub(crate) type Step = (&'static str, fn(Flow<Vec<u64>>, Memory, Output) -> Result<Pipeline, BuildError>);

pub(crate) const STEPS: [Step; 17] = [
    ("sort_by", |flow, memory, output| flow.sort_by(|&n| n, memory).write(output)),
    ("sort_by, records", |flow, memory, output| records(flow).sort_by(["n"], memory).write(output)),
    ("top", |flow, memory, output| flow.top(50_000, |&n| n, memory).write(output)),
    ("dedupe_by, first", |flow, memory, output| flow.dedupe_by(|&n| n, Keep::First, memory).write(output)),
    ("dedupe_by, last", |flow, memory, output| flow.dedupe_by(|&n| n, Keep::Last, memory).write(output)),
    ("dedupe, records", |flow, memory, output| records(flow).dedupe(Keep::First, memory).write(output)),
    ("fold", |flow, memory, output| {
        let folded = flow.group_by(|&n| n, memory).fold(0, |sum: &mut u64, n| {
            *sum ^= n;
            Ok(())
        });
        folded.write(output)
    }),
    ("aggregate", |flow, memory, output| {
        records(flow).group_by(["n"], memory).aggregate([agg::count(), agg::max("n")]).write(output)
    }),
    ("join, inner", |flow, memory, output| join(flow, Join::Inner, memory, output)),
    ("join, left", |flow, memory, output| join(flow, Join::Left, memory, output)),
    ("join, semi", |flow, memory, output| join(flow, Join::Semi, memory, output)),
    ("join, anti", |flow, memory, output| {
        let odd = flow.map(|n| n | 1);
        join(odd, Join::Anti, memory, output)
    }),
    ("join, records", |flow, memory, output| {
        let table = records(table()).rename("m", "other");
        records(flow).join(table, ["n"], Join::Inner, memory).write(output)
    }),
    ("join of one key", |flow, memory, output| {
        // All but a few records match all records of the table.
        flow.join(table(), |&n| u8::from(n % 30_000 != 0), |_| 0, Join::Inner, memory).write(output)
    }),
    ("lookup", |flow, memory, output| flow.lookup(table(), |&n| n, |&n| n, memory).write(output)),
    ("lookup, records", |flow, memory, output| {
        let table = records(table()).rename("m", "other");
        records(flow).lookup(table, ["n"], memory).write(output)
    }),
    ("sort_by after a join", |flow, memory, output| {
        let joined = flow.join(table(), |&n| n, |&n| n, Join::Inner, memory.clone());
        joined.sort_by(|(n, _)| *n, memory).write(output)
    }),
];

fn table() -> Flow<Vec<u64>> {
    Pipeline::builder("table").read_iter(|_| numbers())
}

fn records(flow: Flow<Vec<u64>>) -> Flow<Records> {
    flow.map(|n| record! {"n" => n, "m" => n % 100}).untyped()
}

fn join(flow: Flow<Vec<u64>>, join: Join, memory: Memory, output: Output) -> Result<Pipeline, BuildError> {
    flow.join(table(), |&n| n, |&n| n, join, memory).write(output)
}

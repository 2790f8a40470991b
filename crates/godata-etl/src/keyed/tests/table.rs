//! The tables of joins.

use super::{block_on, run, run_records, spilled};
use crate::keyed::Memory;
use crate::{BoxError, Pipeline, RunContext, record};

#[test]
fn a_lookup_refuses_a_table_with_a_key_twice() {
    for memory in [spilled(), Memory::mib(1)] {
        let table = Pipeline::builder("table").read_vec(vec![(1, 'a'), (2, 'b'), (1, 'c')]);
        let flow = Pipeline::builder("test").read_vec(vec![0, 2]).lookup(table, |&n| n, |row| row.0, memory);
        let text = format!("{:#}", run(flow).unwrap_err());
        let expected = "the table has two records with the same key: record 1 and record 3; `join` takes such a table, or \
                        `dedupe_by` before";
        assert_eq!(text.split_once(": ").unwrap().1, expected);
    }
}

#[test]
fn a_table_that_can_not_be_read_fails_the_step() {
    let table = Pipeline::builder("names").read_vec(vec![1]).try_map(|_| Err::<i32, _>("bad".into()));
    let flow = Pipeline::builder("test").read_vec(vec![1]).lookup(table, |&n| n, |&n| n, spilled());
    let text = format!("{:#}", run(flow).unwrap_err());
    assert_eq!(text, "step[0] (lookup) failed: step[0] (try_map) failed at record 1: bad");
}

#[test]
fn a_table_without_its_key_is_refused_by_name() {
    let table = Pipeline::builder("names").read_vec(vec![record! {"id" => 1}]).untyped().select(["id"]);
    let flow = Pipeline::builder("test").read_vec(vec![record! {"name" => 1}]).untyped();
    let text = format!("{:#}", run_records(flow.lookup(table, ["name"], spilled())).unwrap_err());
    let expected = "step[1] (lookup) failed: the table can't be joined by its key: no field is named `name`; the only field is `id`";
    assert_eq!(text, expected);
}

#[test]
fn a_check_opens_the_table_and_reads_nothing() {
    let checked = |is_there: bool| {
        let table = Pipeline::builder("table").read_with(move |_| match is_there {
            true => Ok(Unread),
            false => Err("no such table".into()),
        });
        let flow = Pipeline::builder("test").read_vec(vec![1]).lookup(table, |&n| n, |&n| n, spilled());
        block_on(flow.write_fn(|_, _| async { Ok(()) }).unwrap().check(&RunContext::new()))
    };
    checked(true).unwrap();
    let text = format!("{:#}", checked(false).unwrap_err());
    assert_eq!(text, "step[0] (lookup) failed: read failed: no such table");
}

/// An input that must not be read.
#[derive(Clone)]
struct Unread;

impl crate::Reader for Unread {
    type Batch = Vec<i32>;
    type Source = Self;

    async fn open(&self, _: &crate::RunScope) -> Result<Self, BoxError> {
        Ok(Self)
    }
}

impl crate::Source for Unread {
    type Batch = Vec<i32>;

    async fn next(&mut self) -> Result<Option<crate::Unit<Vec<i32>>>, BoxError> {
        panic!("a check reads nothing")
    }
}

//! The steps against a model, with any memory and any number of workers.

use std::collections::{BTreeMap, HashSet};

use proptest::prelude::*;

use super::Memory;
use crate::{
    BoxError, Cast, Flow, Join, Keep, Limit, OnError, Pipeline, PipelineError, Record, Records, RunContext,
    Value, agg, asc, desc, record,
};

/// A record with a key that others have too, and the number that says where it was in the input.
type Row = (Option<String>, i64, u64);

fn rows() -> impl Strategy<Value = Vec<Row>> {
    let name = prop::option::of(prop_oneof![4 => "[a-c]", 1 => "[ab\0]{0,2}", 1 => "[a-z]{30,60}"]);
    prop::collection::vec((name, -3..4_i64), 0..200)
        .prop_map(|rows| rows.into_iter().enumerate().map(|(i, (name, n))| (name, n, i as u64)).collect())
}

fn memories() -> impl Strategy<Value = Memory> {
    prop_oneof![Just(1), Just(500), Just(3_000), Just(1 << 20), Just(1 << 40)].prop_map(Memory::of_bytes)
}

/// How a run is cut into batches and done.
#[derive(Clone, Debug)]
struct How {
    memory: Memory,
    workers: usize,
    batch: usize,
}

fn how() -> impl Strategy<Value = How> {
    (memories(), 1..9_usize, 1..50_usize).prop_map(|(memory, workers, batch)| How { memory, workers, batch })
}

fn typed(rows: &[Row], how: &How) -> Flow<Vec<Row>> {
    let batches: Vec<Vec<Row>> = rows.chunks(how.batch).map(<[Row]>::to_vec).collect();
    Pipeline::builder("test").workers(how.workers).read_iter(move |_| batches.clone()).flat_map(|batch| batch)
}

fn as_record((name, n, i): &Row) -> Record {
    record! {"name" => name.clone(), "n" => *n, "i" => *i}
}

fn dynamic(rows: &[Row], how: &How) -> Flow<Records> {
    typed(rows, how).map(|row| as_record(&row)).untyped()
}

fn run<T: Send + 'static>(flow: Flow<Vec<T>>) -> Result<Vec<T>, PipelineError> {
    block_on(flow.collect(u64::MAX))
}

fn run_records(flow: Flow<Records>) -> Result<Vec<Record>, PipelineError> {
    block_on(flow.collect(u64::MAX))
}

fn block_on<F: Future>(future: F) -> F::Output {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

/// Null is last.
fn nulls_last(name: &Option<String>) -> (bool, Option<String>) {
    (name.is_none(), name.clone())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn sort_by_is_a_stable_sort(rows in rows(), how in how(), n in 0..50_u64) {
        let mut sorted = rows.clone();
        sorted.sort_by_key(|(name, n, _)| (name.clone(), std::cmp::Reverse(*n)));
        let flow = typed(&rows, &how).sort_by(|(name, n, _)| (name.clone(), std::cmp::Reverse(*n)), how.memory.clone());
        prop_assert_eq!(&run(flow).unwrap(), &sorted);
        let flow = typed(&rows, &how).top(n, |(name, n, _)| (name.clone(), std::cmp::Reverse(*n)), how.memory.clone());
        sorted.truncate(n as usize);
        prop_assert_eq!(run(flow).unwrap(), sorted);

        let mut sorted = rows.clone();
        sorted.sort_by_key(|(name, n, _)| (nulls_last(name), std::cmp::Reverse(*n)));
        let flow = dynamic(&rows, &how).sort_by([asc("name"), desc("n")], how.memory.clone());
        let mut sorted: Vec<_> = sorted.iter().map(as_record).collect();
        prop_assert_eq!(&run_records(flow).unwrap(), &sorted);
        let flow = dynamic(&rows, &how).top(n, [asc("name"), desc("n")], how.memory);
        sorted.truncate(n as usize);
        prop_assert_eq!(run_records(flow).unwrap(), sorted);
    }

    #[test]
    fn dedupe_by_keeps_one_of_each_key(rows in rows(), how in how(), is_first in any::<bool>()) {
        let mut seen = HashSet::new();
        let mut is_new = |row: &Row| seen.insert((row.0.clone(), row.1));
        let kept: Vec<Row> = if is_first {
            rows.iter().filter(|row| is_new(row)).cloned().collect()
        } else {
            let mut last: Vec<Row> = rows.iter().rev().filter(|row| is_new(row)).cloned().collect();
            last.reverse();
            last
        };
        let keep = if is_first { Keep::First } else { Keep::Last };
        let flow = typed(&rows, &how).dedupe_by(|(name, n, _)| (name.clone(), *n), keep, how.memory.clone());
        prop_assert_eq!(&run(flow).unwrap(), &kept);
        let flow = dynamic(&rows, &how).dedupe_by(["name", "n"], keep, how.memory);
        prop_assert_eq!(run_records(flow).unwrap(), kept.iter().map(as_record).collect::<Vec<_>>());
    }

    #[test]
    fn fold_sees_the_records_of_a_group_in_order(rows in rows(), how in how()) {
        let mut groups: BTreeMap<Option<String>, Vec<u64>> = BTreeMap::new();
        rows.iter().for_each(|(name, _, i)| groups.entry(name.clone()).or_default().push(*i));
        let flow = typed(&rows, &how).group_by(|(name, _, _)| name.clone(), how.memory.clone());
        let folded = flow.fold(Vec::new(), |all, (_, _, i)| {
            all.push(*i);
            Ok(())
        });
        prop_assert_eq!(run(folded).unwrap(), groups.clone().into_iter().collect::<Vec<_>>());

        let mut by_name: Vec<_> = groups.into_iter().collect();
        by_name.sort_by_key(|(name, _)| nulls_last(name));
        let folded = dynamic(&rows, &how).group_by(["name"], how.memory).fold(Vec::new(), |all, record| {
            all.push(record.u64("i")?);
            Ok(())
        });
        let by_name: Vec<_> = by_name.into_iter().map(|(name, all)| (record! {"name" => name}, all)).collect();
        prop_assert_eq!(run(folded).unwrap(), by_name);
    }

    #[test]
    fn aggregates_are_those_of_the_model(rows in rows(), how in how()) {
        let mut groups: BTreeMap<(bool, Option<String>), Vec<i64>> = BTreeMap::new();
        rows.iter().for_each(|(name, n, _)| groups.entry(nulls_last(name)).or_default().push(*n));
        let expected: Vec<Record> = groups.into_iter().map(|((_, name), all)| {
            let (sum, count) = (all.iter().sum::<i64>(), all.len() as u64);
            let distinct = all.iter().collect::<HashSet<_>>().len() as u64;
            record! {
                "name" => name, "count" => count, "sum_n" => sum, "mean_n" => sum as f64 / count as f64,
                "least" => *all.iter().min().unwrap(), "max_n" => *all.iter().max().unwrap(),
                "first_n" => all[0], "last_n" => all[all.len() - 1], "distinct_n" => distinct,
            }
        }).collect();
        let aggregates = [
            agg::count(), agg::sum("n"), agg::mean("n"), agg::min("n").named("least"), agg::max("n"),
            agg::first("n"), agg::last("n"), agg::distinct("n"),
        ];
        let flow = dynamic(&rows, &how).group_by(["name"], how.memory).aggregate(aggregates);
        prop_assert_eq!(run_records(flow).unwrap(), expected);
    }
}

/// What a join passes on, by a nested loop.
fn joined<'a>(left: &'a [Row], right: &'a [Row], join: Join) -> Vec<(&'a Row, Option<&'a Row>)> {
    let mut out = Vec::new();
    for row in left {
        let matches: Vec<_> =
            right.iter().filter(|other| row.0.is_some() && other.0 == row.0 && other.1 == row.1).collect();
        match join {
            Join::Semi if !matches.is_empty() => out.push((row, None)),
            Join::Anti | Join::Left if matches.is_empty() => out.push((row, None)),
            Join::Inner | Join::Left => out.extend(matches.into_iter().map(|other| (row, Some(other)))),
            Join::Semi | Join::Anti => {}
        }
    }
    out
}

/// A record of a table: its key has other names.
fn as_table_record((name, n, i): &Row) -> Record {
    record! {"number" => *i, "key" => name.clone(), "n" => *n}
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn join_is_a_nested_loop(left in rows(), right in rows(), how in how(), other in how()) {
        for join in [Join::Inner, Join::Left, Join::Semi, Join::Anti] {
            let expected = joined(&left, &right, join);
            let has_name = |rows: &[Row]| rows.iter().filter(|row| row.0.is_some()).cloned().collect::<Vec<_>>();
            let (named, named_right) = (has_name(&left), has_name(&right));
            let pairs: Vec<_> = joined(&named, &named_right, join).into_iter().map(|(row, other)| (row.clone(), other.cloned())).collect();
            let key = |(name, n, _): &Row| (name.clone(), *n);
            let flow = typed(&named, &how).join(typed(&named_right, &other), key, key, join, how.memory.clone());
            prop_assert_eq!(run(flow).unwrap(), pairs);

            let records: Vec<_> = expected.iter().map(|(row, other)| {
                let mut record = as_record(row);
                if matches!(join, Join::Inner | Join::Left) {
                    record.set("number", other.map(|other| other.2));
                }
                record
            }).collect();
            let table = typed(&right, &other).map(|row| as_table_record(&row)).untyped();
            // A table without records has no names.
            if !right.is_empty() {
                let flow = dynamic(&left, &how).join(table, [("name", "key"), ("n", "n")], join, how.memory.clone());
                prop_assert_eq!(run_records(flow).unwrap(), records);
            }
        }
    }
}

#[test]
fn a_key_with_more_matches_than_memory_is_joined() {
    let table =
        || Pipeline::builder("table").read_vec((0..5_000).map(|i| (i % 2, i)).collect::<Vec<(i32, i32)>>());
    for memory in [Memory::of_bytes(1), Memory::of_bytes(1 << 16), Memory::mib(64)] {
        let flow = Pipeline::builder("test").read_vec(vec![1, 0, 1]);
        let flow = flow.join(table(), |&n| n, |row| row.0, Join::Inner, memory);
        let found: Vec<_> = run(flow).unwrap().into_iter().map(|(n, other)| (n, other.unwrap().1)).collect();
        let expected: Vec<_> =
            [1, 0, 1].into_iter().flat_map(|n| (0..2_500).map(move |i| (n, i * 2 + n))).collect();
        assert_eq!(found, expected);
    }
}

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
fn records_without_values_are_one_key() {
    for memory in [spilled(), Memory::mib(1)] {
        let rows = vec![record! {}, record! {"a" => 1}, record! {}, record! {"a" => ()}];
        let flow = Pipeline::builder("test").read_vec(rows).untyped().dedupe(Keep::First, memory);
        assert_eq!(run_records(flow).unwrap(), [record! {}, record! {"a" => 1}]);
    }
}

#[test]
fn a_batch_without_a_value_of_the_tables_kind_just_matches_nothing() {
    for memory in [spilled(), Memory::mib(1)] {
        let table = Pipeline::builder("table").read_vec(vec![record! {"id" => 1}]).untyped();
        let rows = [vec![record! {"id" => 1}], vec![record! {"id" => "unknown"}]];
        let flow = Pipeline::builder("test").read_iter(move |_| rows.clone()).flat_map(|rows| rows).untyped();
        let kept = run_records(flow.join(table, ["id"], Join::Anti, memory)).unwrap();
        assert_eq!(kept, [record! {"id" => "unknown"}]);
    }
}

#[test]
fn a_late_group_names_the_record_that_it_rejects() {
    let rows = (0..20_000_u64).collect::<Vec<_>>();
    let flow = Pipeline::builder("test").on_error(OnError::skip(Limit::unlimited())).read_vec(rows);
    let flow = flow
        .group_by(|n| *n, spilled())
        .fold(0, |_, n| if n % 1_000 == 0 { Err("bad".into()) } else { Ok(()) });
    let pipeline = flow.write_fn(|_, _| async { Ok(()) }).unwrap();
    let report = pipeline.run_blocking(&RunContext::new()).unwrap();
    let records: Vec<_> = report.rejections.iter().map(|rejected| rejected.place.record).collect();
    assert_eq!(report.rejected(), 20);
    assert!(records.iter().all(|record| record.is_some_and(|record| record % 1_000 == 1)), "{records:?}");
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
            let names = std::sync::Arc::new(std::sync::Mutex::new(None));
            let seen = std::sync::Arc::clone(&names);
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

#[test]
fn a_field_on_both_sides_is_refused() {
    let table = Pipeline::builder("table").read_vec(vec![record! {"id" => 1, "name" => "x"}]).untyped();
    let flow = Pipeline::builder("test").read_vec(vec![record! {"id" => 1, "name" => "y"}]).untyped();
    let text = format!("{:#}", run_records(flow.lookup(table, ["id"], Memory::mib(1))).unwrap_err());
    let expected = "step[1] (lookup) failed: the records and the table both have a field `name`; rename or drop it on one side";
    assert_eq!(text, expected);
}

#[test]
fn a_text_never_matches_a_number_and_the_join_says_so() {
    for memory in [spilled(), Memory::mib(1)] {
        let table = Pipeline::builder("table").read_vec(vec![record! {"id" => 1}]).untyped();
        let flow = Pipeline::builder("test").read_vec(vec![record! {"id" => "1"}]).untyped();
        let text = format!("{:#}", run_records(flow.join(table, ["id"], Join::Semi, memory)).unwrap_err());
        let expected = "step[1] (join) failed: the field `id` is text here and a number in the table, so nothing can match; cast it \
                        on one side";
        assert_eq!(text, expected);
    }
}

fn spilled() -> Memory {
    Memory::of_bytes(1)
}

#[test]
fn typed_groups_have_ready_made_summaries() {
    let group = || {
        let rows =
            vec![("a".to_owned(), 3_u32), ("b".to_owned(), 1), ("a".to_owned(), 5), ("a".to_owned(), 3)];
        Pipeline::builder("test").read_vec(rows).group_by(|(name, _)| name.clone(), spilled())
    };
    fn named<N>(a: N, b: N) -> [(String, N); 2] {
        [("a".to_owned(), a), ("b".to_owned(), b)]
    }
    assert_eq!(run(group().count()).unwrap(), named(3, 1));
    assert_eq!(run(group().sum(|row| row.1)).unwrap(), [("a".to_owned(), 11), ("b".to_owned(), 1)]);
    assert_eq!(run(group().min(|row| row.1)).unwrap(), named(3, 1));
    assert_eq!(run(group().max(|row| row.1)).unwrap(), named(5, 1));
    assert_eq!(run(group().distinct(|row| row.1)).unwrap(), named(2, 1));
    let means = run(group().mean(|row| f64::from(row.1))).unwrap();
    assert_eq!(means, [("a".to_owned(), 11.0 / 3.0), ("b".to_owned(), 1.0)]);
    let firsts: Vec<_> = run(group().first()).unwrap().into_iter().map(|(_, row)| row.1).collect();
    let lasts: Vec<_> = run(group().last()).unwrap().into_iter().map(|(_, row)| row.1).collect();
    assert_eq!((firsts, lasts), (vec![3, 1], vec![3, 1]));
}

#[test]
fn money_is_added_exactly() {
    let rows = (0..100_000).map(|_| record! {"amount" => "0.10"}).collect();
    let flow = Pipeline::builder("test").read_vec(rows).untyped();
    let flow = flow.group_by([] as [&str; 0], Memory::mib(1)).aggregate([agg::sum("amount")]);
    let sums = flow.map(|record| record.get("sum_amount").map(|sum| sum.to_string()));
    assert_eq!(run(sums).unwrap(), [Some("10000.00".to_owned())]);
}

#[test]
fn a_text_that_is_a_number_sorts_as_one() {
    let texts = ["b", "10", "9", "", "-1.5", "a", "007", "1e1", "6.99"];
    let flow = Pipeline::builder("test").read_vec(texts.map(|n| record! {"n" => n}).to_vec()).untyped();
    let sorted = flow.sort_by(["n"], spilled()).map(|record| record.str("n").map(str::to_owned));
    let sorted: Vec<_> = run(sorted).unwrap().into_iter().flatten().collect();
    assert_eq!(sorted, ["-1.5", "6.99", "007", "9", "10", "1e1", "", "a", "b"]);
}

#[test]
fn distinct_values_that_outgrow_the_memory_fail_the_run() {
    for memory in [spilled(), Memory::mib(1)] {
        let rows = (0..40_000).map(|n| record! {"n" => n}).collect();
        let flow = Pipeline::builder("test").read_vec(rows).untyped();
        let flow = flow.group_by([] as [&str; 0], memory).aggregate([agg::distinct("n")]);
        let text = format!("{:#}", run_records(flow).unwrap_err());
        assert!(text.contains("the groups have grown to 1 MiB, and the memory is "), "{text}");
    }
}

#[test]
fn what_a_group_forgets_takes_no_memory() {
    let rows = (0..60_000).map(|n| record! {"n" => format!("{n:0>100}")}).collect();
    let flow = Pipeline::builder("test").read_vec(rows).untyped();
    let flow = flow.group_by([] as [&str; 0], Memory::mib(1)).aggregate([agg::last("n"), agg::max("n")]);
    assert_eq!(run_records(flow).unwrap().len(), 1);
}

#[test]
fn groups_have_the_order_of_a_sort() {
    let texts = ["b", "10", "9", "", "a", "09", "9", "10.0"];
    for memory in [spilled(), Memory::mib(1)] {
        let flow = Pipeline::builder("test").read_vec(texts.map(|n| record! {"n" => n}).to_vec()).untyped();
        let groups = flow.group_by(["n"], memory).aggregate([agg::count()]);
        let groups = groups
            .map(|record| format!("{} {}", record.str("n").unwrap_or("?"), record.i64("count").unwrap_or(0)));
        assert_eq!(run(groups).unwrap(), ["09 1", "9 2", "10 1", "10.0 1", " 1", "a 1", "b 1"]);
    }
}

#[test]
fn whole_records_are_compared_by_their_fields() {
    let rows = [
        // The batch gives both the same order of fields.
        record! {"a" => 1, "b" => "x"},
        record! {"b" => "x", "a" => 1.0},
        record! {"a" => 1},
        record! {"a" => 1, "b" => ()},
        record! {"a" => 1, "c" => "x"},
        record! {"a" => "1", "b" => "x"},
    ];
    let kept = |keep, memory| {
        let flow = Pipeline::builder("test").read_vec(rows.to_vec()).untyped().dedupe(keep, memory);
        let kept = run_records(flow).unwrap();
        kept.iter().map(|kept| rows.iter().position(|row| row == kept).unwrap()).collect::<Vec<_>>()
    };
    for memory in [spilled(), Memory::mib(1)] {
        assert_eq!(kept(Keep::First, memory.clone()), [0, 2, 4, 5]);
        assert_eq!(kept(Keep::Last, memory), [0, 3, 4, 5]);
    }
}

#[test]
fn numbers_sort_by_value_however_they_are_written() {
    let ordered = [
        "-1e400",
        "-12345678901234567890.5",
        "-2.5",
        "-2.45",
        "-0.001",
        "0",
        "1e-300",
        "0.1",
        "5",
        "5.5",
        "1e2",
        "1e400",
    ];
    for (at, a) in ordered.iter().enumerate() {
        for (bt, b) in ordered.iter().enumerate() {
            let key = |text: &str| {
                let mut key = super::KeyBytes::default();
                let number = crate::NumberRef::from_digits(text).unwrap();
                crate::records::put_value(crate::ValueRef::Number(number), &mut key);
                key.as_slice().to_vec()
            };
            assert_eq!(key(a).cmp(&key(b)), at.cmp(&bt), "{a} and {b}");
        }
    }
}

proptest! {
    #[test]
    fn equal_numbers_have_equal_keys(a in -1000..1000_i64, places in 0..4_usize, zeros in 0..3_usize) {
        let key = |value: &Value| {
            let mut key = super::KeyBytes::default();
            crate::records::put_value(value.as_ref(), &mut key);
            key.as_slice().to_vec()
        };
        let text = format!("{:.places$}", a as f64 / 10_f64.powi(places as i32));
        let dot = if places == 0 { "." } else { "" };
        let zeroed = if zeros > 0 { format!("{text}{dot}{}", "0".repeat(zeros)) } else { text.clone() };
        let number = |text: &str| Value::Number(crate::Number::from_digits(text).unwrap());
        let float = Value::from(text.parse::<f64>().unwrap());
        prop_assert_eq!(key(&number(&text)), key(&number(&zeroed)));
        prop_assert_eq!(key(&number(&text)), key(&float));
        prop_assert_eq!(key(&number(&text)), key(&Value::Decimal(zeroed.parse().unwrap())));
        if places == 0 {
            prop_assert_eq!(key(&Value::from(a)), key(&float));
        }
    }
}

#[test]
fn a_row_keeps_its_cells_when_it_is_kept_as_bytes() {
    let wide = record! {
        "null" => (), "bool" => true, "int" => -5, "uint" => u64::MAX, "float" => 1.5, "text" => "ä\0",
        "list" => vec![Value::from(1), Value::from("x"), Value::Null], "wide" => "x".repeat(300), "nan" => f64::NEG_INFINITY,
    };
    let digits = Value::Number(crate::Number::from_digits("12.500").unwrap());
    let at: crate::Timestamp = "2024-05-01T14:00:00.500+02:00".parse().unwrap();
    let other = record! {"text" => "b", "digits" => digits, "at" => Value::Timestamp(at), "bytes" => Value::Bytes(vec![0, 255]), "day" => Value::Date(crate::time::Date::MIN), "exact" => Value::Decimal("12.500".parse().unwrap())};
    let rows = vec![wide, other, record! {}];
    let shown = |rows: &[Record]| {
        rows.iter()
            .map(|row| row.as_ref().iter().map(|(name, value)| format!("{name} {value}")).collect::<Vec<_>>())
            .collect::<Vec<_>>()
    };
    let flow = Pipeline::builder("test").read_vec(rows.clone()).untyped().dedupe(Keep::Last, spilled());
    assert_eq!(shown(&run_records(flow).unwrap()), shown(&rows));
}

#[test]
fn cells_that_were_cast_are_kept_as_they_are_written() {
    let rows = vec![
        record! {"day" => "2.5.2024", "price" => "1.234,50", "n" => "7"},
        record! {"day" => "1.5.2024", "price" => "9", "n" => "8"},
    ];
    let flow = Pipeline::builder("test").read_vec(rows).untyped();
    let flow = flow.cast("day", Cast::date("%d.%m.%Y")).cast("price", Cast::decimal().comma().thousands('.'));
    let flow = flow.sort_by(["day"], spilled()).map(|record| {
        record.iter().map(|(_, value)| format!("{} {value}", value.kind())).collect::<Vec<_>>()
    });
    let expected =
        [["date 2024-05-01", "decimal 9", "text 8"], ["date 2024-05-02", "decimal 1234.50", "text 7"]];
    assert_eq!(run(flow).unwrap(), expected);
}

#[test]
fn an_error_after_a_sort_names_the_record_as_it_was_read() {
    let flow = Pipeline::builder("test").read_vec(vec![3, 1, 2]).sort_by(|&n| n, spilled());
    let flow = flow.try_map(|n| if n == 3 { Err(BoxError::from("three")) } else { Ok(n) });
    let error = run(flow).unwrap_err();
    assert_eq!(format!("{error:#}"), "step[1] (try_map) failed at record 1: three");
}

#[test]
fn a_rejected_record_makes_no_group() {
    for memory in [spilled(), Memory::mib(1)] {
        let flow = Pipeline::builder("test")
            .on_error(OnError::skip(Limit::records(10)))
            .read_vec(vec![
                record! {"k" => 1, "n" => "x"},
                record! {"k" => 2, "n" => 5},
                record! {"k" => 2, "n" => "y"},
            ])
            .untyped()
            .group_by(["k"], memory)
            .aggregate([agg::count(), agg::sum("n")]);
        assert_eq!(run_records(flow).unwrap(), [record! {"k" => 2, "count" => 1_u64, "sum_n" => 5}]);
    }
}

#[test]
fn the_report_reconciles() {
    let pipeline = Pipeline::builder("test")
        .read_vec((0..100).collect::<Vec<u32>>())
        .sort_by(|&n| std::cmp::Reverse(n), spilled());
    let pipeline = pipeline.group_by(|n| n % 3, spilled()).count().write_fn(|_, _| async { Ok(()) }).unwrap();
    let report = pipeline.run_blocking(&RunContext::new()).unwrap();
    let counts: Vec<_> =
        report.steps.iter().map(|step| (step.records_in, step.records_out, step.dropped)).collect();
    assert_eq!((counts, report.written.records), (vec![(100, 100, 0), (100, 3, 97)], 3));
}

#[test]
fn a_folder_that_is_not_there_fails_the_run_and_says_so() {
    let memory = Memory::of_bytes(1).spill_to("/not/there");
    let flow = Pipeline::builder("test").on_error(OnError::skip(Limit::unlimited())).read_vec(vec![2, 1]);
    let error = run(flow.sort_by(|&n| n, memory)).unwrap_err();
    let text = format!("{error:#}");
    assert!(
        text.starts_with("step[0] (sort_by) failed: can't create a temporary file in `/not/there`; "),
        "{text}"
    );
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

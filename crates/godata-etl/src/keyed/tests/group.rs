//! Grouping.

use std::collections::{BTreeMap, HashSet};

use proptest::prelude::*;

use super::{dynamic, how, nulls_last, rows, run, run_records, spilled, typed};
use crate::keyed::Memory;
use crate::{Limit, OnError, Pipeline, Record, RunContext, agg, record};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

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
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

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

//! Sorting.

use proptest::prelude::*;

use super::{as_record, dynamic, how, nulls_last, rows, run, run_records, spilled, typed};
use crate::keyed::Memory;
use crate::{BoxError, Limit, OnError, Pipeline, asc, desc, record};

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
fn an_error_after_a_sort_names_the_record_as_it_was_read() {
    let flow = Pipeline::builder("test").read_vec(vec![3, 1, 2]).sort_by(|&n| n, spilled());
    let flow = flow.try_map(|n| if n == 3 { Err(BoxError::from("three")) } else { Ok(n) });
    let error = run(flow).unwrap_err();
    assert_eq!(format!("{error:#}"), "step[1] (try_map) failed at record 1: three");
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

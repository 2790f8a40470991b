//! Which records are left out.

use godata_io_json::{Input, json, jsonl};
use proptest::prelude::*;

use super::{Typed, split};

/// Lines of JSON of which some are cut, or have a byte changed.
fn lines() -> impl Strategy<Value = Vec<Vec<u8>>> {
    let good =
        (0_i64..100, "[a-c]{1,2}").prop_map(|(number, key)| format!("{{\"{key}\": {number}}}").into_bytes());
    let other = prop_oneof![
        4 => Just(None),
        1 => (0_usize..12, any::<u8>().prop_filter("a line ends nowhere else", |&byte| byte != b'\n')).prop_map(Some),
    ];
    let line = (good, other, any::<bool>()).prop_map(|(mut line, other, cut)| {
        if let Some((at, byte)) = other {
            let at = at.min(line.len() - 1);
            if cut { line.truncate(at) } else { line[at] = byte }
        }
        line
    });
    prop::collection::vec(line, 0..40)
}

proptest! {
    #[test]
    fn a_line_is_left_out_exactly_if_serde_json_refuses_it(
        lines in lines(),
        size in 1_usize..200,
        workers in 1_usize..5,
    ) {
        let (mut expected, mut rejected) = (Vec::new(), Vec::new());
        // A byte order mark and NULs at the start of the file have rules of their own.
        let lines: Vec<_> = std::iter::once(b"{}".to_vec()).chain(lines).collect();
        for (number, line) in (1_u64..).zip(&lines) {
            if line.trim_ascii().is_empty() {
                continue;
            }
            match serde_json::from_slice::<Typed>(line) {
                Ok(record) => expected.push(record),
                Err(_) => rejected.push(Some(number)),
            }
        }
        let input = Input::bytes("in", lines.join(&b'\n'));
        let reader = jsonl::read::<Typed>(input).block_size(size);
        let (kept, seen) = split(reader, workers);
        prop_assert_eq!(kept, expected);
        prop_assert_eq!(seen.into_iter().map(|rejected| rejected.place.line).collect::<Vec<_>>(), rejected);
    }

    #[test]
    fn an_element_is_left_out_exactly_if_serde_json_refuses_it(
        elements in prop::collection::vec(prop_oneof![
            4 => (0_i64..100).prop_map(|number| format!("{{\"a\":{number}}}")),
            1 => Just("{\"a\":\"x\"}".to_owned()),
            1 => Just("[]".to_owned()),
            1 => Just("{\"a\":01}".to_owned()),
            1 => Just("nul".to_owned()),
        ], 0..40),
        size in 1_usize..200,
        workers in 1_usize..5,
    ) {
        let typed = elements.iter().map(|element| serde_json::from_str::<Typed>(element));
        let expected: Vec<_> = typed.clone().filter_map(Result::ok).collect();
        let rejected: Vec<_> =
            (1..).zip(typed).filter(|(_, typed)| typed.is_err()).map(|(record, _)| Some(record)).collect();
        let input = Input::bytes("in", format!("[{}]", elements.join(",\n")));
        let (kept, seen) = split(json::read::<Typed>(input).block_size(size), workers);
        prop_assert_eq!(kept, expected);
        prop_assert_eq!(seen.into_iter().map(|rejected| rejected.place.record).collect::<Vec<_>>(), rejected);
    }
}

//! Where a broken record ends.

use godata_etl::{Flow, Records, record};
use godata_io_csv::{self as csv, FileColumns, Input};

use crate::kit::{failure, of, skipping, skipping_with_steps, with_letters};

fn lines(found: &[crate::kit::Bad]) -> Vec<u64> {
    found.iter().map(|bad| bad.line).collect()
}

#[test]
fn a_quote_that_is_not_closed_within_the_longest_record_ends_at_its_line() {
    let filler = |from: u64| (from..from + 30).map(|id| format!("{id},x\n")).collect::<String>();
    let text = format!("id,note\n1,\"open\n{}98,\"q\"\n99,\"lone\n{}", filler(2), filler(100));
    for size in [1, 7, 64, 100, 1 << 20] {
        for workers in [1, 4] {
            let found = skipping(of(text.clone()).longest_record(100).block_size(size), workers);
            assert_eq!(lines(&found.bad), [2, 34], "blocks of {size} bytes");
            assert_eq!(found.records.len(), 61);
            let message = |bytes| {
                format!("column `note`: the quote that opens here is not closed within {bytes} bytes")
            };
            assert_eq!(found.messages, [message(99), message(98)]);
        }
    }
}

#[test]
fn a_record_that_is_too_long_is_left_out_with_the_rest_of_its_line() {
    let long = "y".repeat(1_000);
    for end in ["\n", "\r\n", "\r"] {
        let rows = ["id,note", "1,x", &format!("2,{long}"), "3,x", &format!("4,\"{long}"), "5,x", &long];
        let text = rows.join(end);
        for size in [1, 64, 99, 1 << 20] {
            let (found, _) = with_letters(of(text.clone()).longest_record(100).block_size(size), 4);
            let kinds: Vec<_> = found.bad.iter().map(|bad| (bad.line, bad.kind)).collect();
            assert_eq!(kinds, [(3, "too_long"), (5, "quote"), (7, "too_long")], "blocks of {size} bytes");
            let row = |id: &str| record! {"id" => id, "note" => "x"};
            assert_eq!(found.records, [row("1"), row("3"), row("5")]);
        }
        let expected =
            "read failed at record 2 (orders.csv:3): the record that begins here is over 100 bytes long";
        assert_eq!(failure(of(text).longest_record(100), 1), expected);
    }
}

#[test]
fn a_record_that_was_cut_off_has_no_bytes_in_its_letter() {
    let long = "y".repeat(200);
    let filler = "6,x\n".repeat(40);
    let text = format!("id,note\n1,{long}\n2,\"{long}\n3,\"lone\n{filler}4\n5,\0\n6,x\n");
    for size in [1, 64, 1 << 20] {
        let (found, letters) = with_letters(of(text.clone()).longest_record(100).block_size(size), 2);
        let kinds: Vec<_> = found.bad.iter().map(|bad| bad.kind).collect();
        assert_eq!(kinds, ["too_long", "quote", "quote", "columns", "nul"], "blocks of {size} bytes");
        let raw: Vec<_> = found.bad.iter().map(|bad| bad.raw.as_deref()).collect();
        assert_eq!(raw, [None, None, Some(&b"3,\"lone\n"[..]), Some(b"4\n"), Some(b"5,\0\n")]);
        let kept = |field| letters.iter().map(move |letter| letter.str(field)).collect::<Vec<_>>();
        assert_eq!(kept("raw"), [None, None, Some("3,\"lone\n"), Some("4\n"), None]);
        assert_eq!(kept("raw_hex"), [None, None, None, None, Some("352c000a")]);
    }
}

#[test]
fn a_record_of_any_length_leaves_the_next_one_alone() {
    for (length, end) in (95..110).flat_map(|length| ["\n", "\r\n", "\r"].map(|end| (length, end))) {
        for quote in ["", "\""] {
            let text = ["id", "1", &format!("{quote}{}", "y".repeat(length)), "2", ""].join(end);
            let found = skipping(of(text).longest_record(100), 1);
            let context = format!("{length} bytes, {end:?}");
            assert_eq!(found.bad.len() + found.records.len(), 3, "{context}");
            assert_eq!(found.records.last(), Some(&record! {"id" => "2"}), "{context}");
            assert!(found.bad.iter().all(|bad| bad.line == 3), "{context}");
        }
    }
}

#[test]
fn the_rest_of_a_long_line_is_not_skipped_in_the_next_file() {
    let folder = tempfile::tempdir().unwrap();
    let (first, second) = (folder.path().join("1.csv"), folder.path().join("2.csv"));
    std::fs::write(&second, "z\n").unwrap();
    for length in 99..103 {
        std::fs::write(&first, "y".repeat(length)).unwrap();
        let reader = csv::read_records(Input::paths([&first, &second])).names(["id"]).longest_record(100);
        let found = skipping(reader, 1);
        assert_eq!(found.bad.len() + found.records.len(), 2);
        assert_eq!(found.records.last(), Some(&record! {"id" => "z"}), "{length} bytes");
    }
}

#[test]
fn reading_goes_on_after_the_line_of_the_lone_quote() {
    let text = "id,name\n1,\"Ann\n2,Bob\n3,Cid\n4,\"Dee\n5,Eve\n";
    for size in [1, 20, 1 << 20] {
        let found = skipping(of(text).block_size(size), 2);
        assert_eq!(lines(&found.bad), [2, 5]);
        let rows = [("2", "Bob"), ("3", "Cid"), ("5", "Eve")];
        assert_eq!(found.records, rows.map(|(id, name)| record! {"id" => id, "name" => name}));
    }
    // With lenient quotes, the second quote closes the first.
    let found = skipping(of(text).lenient_quotes(), 2);
    assert_eq!((found.bad.len(), found.records.len()), (0, 2));
    assert_eq!(found.records[0].str("name"), Some("Ann\n2,Bob\n3,Cid\n4,Dee"));
}

/// Rows `id,name,amount`, of which two are changed.
fn rows_with(tenth: &str, late: &str) -> String {
    let row = |id| match id {
        10 => format!("{tenth}\n"),
        9_000 => format!("{late}\n"),
        id => format!("{id},Bob,1\n"),
    };
    format!("id,name,amount\n{}", (1..=10_000).map(row).collect::<String>())
}

#[test]
fn two_lone_quotes_that_join_records_with_the_wrong_number_of_columns_cost_their_own_lines() {
    let text = rows_with("10,\"5 pipe,1", "9000,5\",1,extra");
    for size in [64, 1 << 10, 256 << 10, 1 << 20] {
        for workers in [1, 4] {
            let (found, _) = with_letters(of(text.clone()).block_size(size), workers);
            assert_eq!(lines(&found.bad), [11, 9_001], "blocks of {size} bytes");
            assert_eq!(found.bad[0].raw.as_deref(), Some(&b"10,\"5 pipe,1\n"[..]));
            assert_eq!(found.records.len(), 9_998);
            assert_eq!(
                found.messages[0],
                "column `name`: the quote that opens here is closed 8990 lines below, in a record of 4 instead of 3 columns"
            );
        }
    }
    // Without quotes that open a cell, a record is never more than a line.
    assert_eq!(lines(&skipping(of(text).no_quotes(), 1).bad), [9_001]);
}

#[test]
fn a_small_longest_record_finds_lone_quotes_that_are_a_legal_cell() {
    let table = [
        ("10,\",1", "9000,\",1"),
        ("10,\"Bob,1", "9000,Bob\",1"),
        ("10,\"5 pipe,1", "9000,5\",1,extra"),
        ("10,Bob,\"1", "9000,Bob,1\""),
        ("10,\"Bob,1", "9000,\"Bob,1"),
    ];
    for (tenth, late) in table {
        for size in [64, 256 << 10] {
            let text = rows_with(tenth, late);
            let found = skipping(of(text.clone()).longest_record(200).block_size(size), 2);
            assert_eq!(lines(&found.bad), [11, 9_001], "{tenth}");
            assert_eq!(found.records.len(), 9_998, "{tenth}");
            // With the default, a cell of many lines is found only if that is against the rules.
            let (records, bad) =
                if tenth.contains("pipe") || late.contains(",\"Bob") { (9_998, 2) } else { (1_010, 0) };
            let found = skipping(of(text).block_size(size), 2);
            assert_eq!((found.records.len(), found.bad.len()), (records, bad), "{tenth}");
        }
    }
}

#[test]
fn a_record_of_several_lines_ends_at_its_first_one_only_if_its_columns_are_wrong() {
    let bad = |reader: csv::CsvReader<Records>| {
        let found = skipping(reader.block_size(8), 1);
        (lines(&found.bad), found.records.len())
    };
    let short = "id,note,tag\n1,\"a\nb\"\n2,x,y\n";
    assert_eq!(bad(of(short)), (vec![2, 3], 1));
    assert_eq!(bad(of(short).ragged(csv::Ragged::Pad)), (vec![], 2));
    let long = "id,note\n1,\"a\nb\",c,\"d\n\"\n2,x\n";
    assert_eq!(bad(of(long)), (vec![2, 3, 4], 1));
    assert_eq!(bad(of(long).ragged(csv::Ragged::Pad)), (vec![2, 3, 4], 1));
    assert_eq!(bad(of(long).ragged(csv::Ragged::Cut)), (vec![], 2));
    let empty = "id,note\n1,\"a\nb\",, \"\" ,\n2,\"x\ny\",z\n3,\"x\ny\"\n";
    let reader = || of(empty).spaces_around_quotes().drop_trailing_empty();
    assert_eq!(bad(reader()), (vec![4, 5], 2));
    let spaces = "id,note\n1,\"a\nb\", ,\" \"\n2,\"x\ny\"\n";
    assert_eq!(bad(of(spaces).drop_trailing_empty().trim(csv::Trim::Fields)), (vec![], 2));
    assert_eq!(bad(of(spaces).drop_trailing_empty()), (vec![2, 3], 1));
    // What is wrong after too many cells does not matter.
    assert_eq!(bad(of("id,note\n1,\"a\nb\",c,\"d\"e\n2,x\n")), (vec![2, 3], 1));
    assert_eq!(bad(of("id,note\n1,\"a\nb\",c,\"d\n2,x\n")), (vec![2, 3], 1));
    // Each file has its own number of columns.
    let folder = tempfile::tempdir().unwrap();
    let (first, second) = (folder.path().join("1.csv"), folder.path().join("2.csv"));
    std::fs::write(&first, "id,note\n1,\"a\nb\"\n").unwrap();
    std::fs::write(&second, "id,note,tag\n1,\"a\nb\",\n2,\"a\nb\"\n").unwrap();
    let reader = csv::read_records(Input::paths([first, second])).file_columns(FileColumns::Union);
    assert_eq!(bad(reader), (vec![4, 5], 2));
}

#[test]
fn a_later_step_names_the_right_records_among_broken_ones() {
    let broken = [
        "{id}\n",
        "{id},\"lone\n",
        "{id},\"a\"b\n",
        "{id},5\" disk\n",
        "{id},x,y\n",
        "{id},\"two\nlines\",y\n",
    ];
    let (mut text, mut line, mut record) = ("id,note\n".to_owned(), 2, 0);
    let (mut bad, mut refused) = (Vec::new(), Vec::new());
    for id in 0..300 {
        let row = match id % 10 {
            3 | 4 => broken[(id / 10 + id) % broken.len()].replace("{id}", &id.to_string()),
            5 | 8 => format!("{id},refused\n"),
            7 => format!("\n{id},\"two\nlines\"\n"),
            _ => format!("{id},x\n"),
        };
        // The second line of a record with the wrong columns is bad, too.
        let records = if row.contains("lines\",y") { 2 } else { 1 };
        for more in 0..records {
            let place = (record + 1 + more, line + more);
            match id % 10 {
                3 | 4 => bad.push(place),
                5 | 8 => refused.push(place),
                _ => {}
            }
        }
        record += records;
        line += row.lines().count() as u64;
        text += &row;
    }
    for (size, workers) in [(1, 2), (100, 4), (1 << 10, 1), (1 << 20, 1)] {
        let refuse = |flow: Flow<Records>| {
            flow.expect("the note is not refused", |order| order.str("note") != Some("refused"))
        };
        let found = skipping_with_steps(of(text.clone()).block_size(size), workers, refuse);
        let places = |is_refused: bool| {
            let found = found.bad.iter().filter(|bad| (bad.kind == "expectation") == is_refused);
            found.map(|bad| (bad.record, bad.line)).collect::<Vec<_>>()
        };
        assert_eq!(places(false), bad, "blocks of {size} bytes");
        assert_eq!(places(true), refused, "blocks of {size} bytes");
    }
}

#[test]
fn a_broken_first_record_of_a_file_without_a_header_does_not_set_the_number_of_columns() {
    let text = "1,\"open\n\n2,x,y\n3,\"a\"b,c,d\n4,x,y\n";
    for size in [1, 1 << 20] {
        let found = skipping(of(text).no_header().block_size(size), 2);
        assert_eq!(lines(&found.bad), [1, 4]);
        let row = |id: &str| record! {"column_1" => id, "column_2" => "x", "column_3" => "y"};
        assert_eq!(found.records, [row("2"), row("4")]);
        assert_eq!(found.bad[1].column.as_deref(), Some("column_2"));
    }
    let found = skipping(of("1,\"open\n2,\"open").no_header(), 1);
    assert_eq!((lines(&found.bad), found.records.len()), (vec![1, 2], 0));
}

#[test]
fn a_broken_record_does_not_reach_into_the_next_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: usize| folder.path().join(format!("{name}.csv"));
    for name in 0..9 {
        let rows = if name % 2 == 0 { "1,\"open\n2,x" } else { "3,y\n4,\"z\"\n5,\"lone" };
        std::fs::write(path(name), format!("id,note\n{rows}")).unwrap();
    }
    let input = || Input::paths((0..9).map(path));
    for columns in [FileColumns::Same, FileColumns::Union] {
        let found = skipping(csv::read_records(input()).file_columns(columns), 4);
        assert_eq!(lines(&found.bad), [2, 4, 2, 4, 2, 4, 2, 4, 2]);
        assert_eq!(found.records.len(), 13);
    }
    let (found, letters) = with_letters(csv::read_records(input()), 1);
    for (bad, letter) in found.bad.iter().zip(&letters) {
        let file = std::fs::read(letter.str("file").unwrap()).unwrap();
        let raw = bad.raw.as_deref().unwrap();
        assert!(file[usize::try_from(bad.byte.unwrap()).unwrap()..].starts_with(raw));
        assert!([&b"1,\"open\n"[..], b"5,\"lone"].contains(&raw));
        assert_eq!(letter.str("header"), Some("id,note\n"));
    }
    // Broken records at the ends of files.
    let found = skipping(csv::read_records(Input::paths([1, 3, 5, 0].map(path))), 4);
    assert_eq!((lines(&found.bad), found.records.len()), (vec![4, 4, 4, 2], 7));
    // A file without a header of its own may begin with a broken record.
    std::fs::write(path(1), "1,\"open\n2,x").unwrap();
    let input = Input::paths([path(0), path(1)]);
    let found = skipping(csv::read_records(input).header_in_first_file(), 1);
    assert_eq!((lines(&found.bad), found.records.len()), (vec![2, 1], 2));
}

#[test]
fn options_keep_their_meaning_around_broken_records() {
    let found = skipping(of("id,note\n1, \"a\" \n2, \"b\" c\n3, \"lone\n4,x\n").spaces_around_quotes(), 1);
    assert_eq!((lines(&found.bad), found.records.len()), (vec![3, 4], 2));
    let found = skipping(
        of("id,note\n1,'a\\'b'\n2,'c\\\n3,x\n# 'x\n4,y\n").quote(b'\'').escape(b'\\').comment(b'#'),
        1,
    );
    assert_eq!((lines(&found.bad), found.records.len()), (vec![3], 3));
    let found = skipping(of("id,note\n1\n2,x,y\n3,\"x\"y,z\n4,x\n").ragged(csv::Ragged::Cut), 1);
    assert_eq!((lines(&found.bad), found.records.len()), (vec![4], 3));
    // Together, the cells are UTF-8, and each alone is not.
    let text = b"id,note\n1,x\n\xc3,\xbc\n2,x\n";
    for reader in [of(text), of(text).nulls(["NA"])] {
        let found = skipping(reader, 1);
        assert_eq!((lines(&found.bad), found.bad[0].kind, found.records.len()), (vec![3], "encoding", 2));
    }
    let found = skipping(of("id;note\n1;\"x\"y\n2;x\n"), 1);
    assert!(found.messages[0].contains("is the delimiter `;`?"), "{:?}", found.messages);
}

#[test]
fn what_comes_before_the_records_is_their_header() {
    let header = |reader: csv::CsvReader<Records>| {
        let (_, letters) = with_letters(reader, 1);
        letters.iter().map(|letter| letter.str("header").unwrap_or_default().to_owned()).collect::<Vec<_>>()
    };
    let text = "\u{feff}A title\n\nid;note\r\n1;x\n\n2\n3;x;y\n";
    assert_eq!(header(of(text).skip_lines(1).delimiter(b';')), ["A title\n\nid;note\r\n"; 2]);
    let (found, _) = with_letters(of(text).skip_lines(1).delimiter(b';'), 1);
    let bad = |bad: &crate::kit::Bad| text[usize::try_from(bad.byte.unwrap()).unwrap()..].starts_with("2\n");
    assert!(bad(&found.bad[0]) && !bad(&found.bad[1]));
    assert_eq!(header(of("sep=;\nid;note\n1\n").sep_line()), ["sep=;\nid;note\n"]);
    assert_eq!(header(of("1,x\n2\n").names(["id", "note"])), [""]);
    let folder = tempfile::tempdir().unwrap();
    let (first, second) = (folder.path().join("1.csv"), folder.path().join("2.csv"));
    std::fs::write(&first, "id,note\n1\n").unwrap();
    for (title, second_text) in [(0_u64, "2\n"), (0, "\nid,note\r\n2\n"), (1, "Another\n2\n")] {
        let lines = ["A title\n", "id,note\n1\n"];
        std::fs::write(&first, lines[usize::from(title == 0)..].concat()).unwrap();
        std::fs::write(&second, second_text).unwrap();
        let reader = csv::read_records(Input::paths([&first, &second])).header_in_first_file();
        assert_eq!(
            header(reader.skip_lines(title)),
            [&*lines[usize::from(title == 0)..].concat().replace("1\n", ""); 2]
        );
    }
    // A first file that has nothing else.
    std::fs::write(&first, "id,note\n").unwrap();
    for text in ["2\n", "id,note\n2\n"] {
        std::fs::write(&second, text).unwrap();
        let reader = csv::read_records(Input::paths([&first, &second])).header_in_first_file();
        assert_eq!(header(reader), ["id,note\n"]);
    }
}

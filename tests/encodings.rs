//! Text in other encodings reads like its UTF-8 version.
#![allow(clippy::unwrap_used, reason = "a test fails by it")]

mod support;

use godata::prelude::*;
use godata::{Encoding, error_chain, json};
use proptest::prelude::{ProptestConfig, any, prop, prop_assert_eq, proptest};

use support::Folder;
use support::packing::{PACKINGS, Packing};

#[derive(Clone, Copy, Debug, PartialEq)]
enum Format {
    Csv,
    Jsonl,
    Json,
}
use Format::{Csv, Json, Jsonl};

const FORMATS: [Format; 3] = [Csv, Jsonl, Json];

/// Encodings, each with characters that it has.
const ENCODINGS: [(&str, &str); 9] = [
    ("utf-16", "aé€漢😀\u{feff}\u{fffd}\n "),
    ("utf-16le", "aé€漢😀\n "),
    ("utf-16be", "aé€漢😀\n "),
    ("latin1", "aé€ÿ“–\n "),
    ("shift_jis", "a漢字ソ表ｱ\n "),
    ("gbk", "a汉字€\n "),
    ("gb18030", "a汉字é😀\n "),
    ("iso-2022-jp", "a漢字\n "),
    ("koi8-r", "aЖя\n "),
];

impl Format {
    fn text(self, notes: &[String]) -> String {
        let line = |note: &String| match self {
            Csv => format!("{},\"{note}\"\n", note.len()),
            Jsonl | Json => serde_json::json!({ "id": note.len(), "note": note }).to_string() + "\n",
        };
        let lines: Vec<String> = notes.iter().map(line).collect();
        match self {
            Csv => format!("id,note\n{}", lines.concat()),
            Jsonl => lines.concat(),
            Json => format!("[{}]", lines.join(",")),
        }
    }

    /// Text in which the record after these can't be read.
    fn broken_text(self, notes: &[String]) -> String {
        match self {
            Csv => self.text(notes) + "1\n",
            Jsonl => self.text(notes) + "}\n",
            Json => self.text(notes).replace(']', if notes.is_empty() { "}" } else { ",}" }),
        }
    }

    fn read(self, input: Input, block_size: usize) -> Flow<Records> {
        let builder = Pipeline::builder("encodings").workers(2);
        match self {
            Csv => builder.read(csv::read_records(input).block_size(block_size)),
            Jsonl => builder.read(jsonl::read_records(input).block_size(block_size)),
            Json => builder.read(json::read_records(input).block_size(block_size)),
        }
    }
}

/// The records, or the error of the run.
fn read(format: Format, input: Input, block_size: usize) -> Result<Vec<Record>, String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let records = runtime.block_on(format.read(input, block_size).collect(100_000));
    records.map_err(|error| error_chain(&error).to_string())
}

fn encode(label: &str, text: &str) -> Vec<u8> {
    match label {
        "utf-16" | "utf-16le" => text.encode_utf16().flat_map(u16::to_le_bytes).collect(),
        "utf-16be" => text.encode_utf16().flat_map(u16::to_be_bytes).collect(),
        _ => {
            let encoding = encoding_rs::Encoding::for_label(label.as_bytes()).unwrap();
            let (bytes, _, has_unencodable) = encoding.encode(text);
            assert!(!has_unencodable, "{label} has no `{text}`");
            bytes.into_owned()
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_reads_as_its_utf_8_version_does(
        format in prop::sample::select(&FORMATS[..]),
        (label, characters) in prop::sample::select(&ENCODINGS[..]),
        notes in prop::collection::vec(prop::collection::vec(any::<prop::sample::Index>(), 0..9), 0..9),
        is_marked in any::<bool>(),
        is_broken in any::<bool>(),
        block_size in 1usize..99,
        packing in prop::sample::select(&PACKINGS[..]),
    ) {
        let characters: Vec<char> = characters.chars().collect();
        let note = |picks: &Vec<prop::sample::Index>| picks.iter().map(|pick| *pick.get(&characters)).collect();
        let notes: Vec<String> = notes.iter().map(note).collect();
        let text = if is_broken { format.broken_text(&notes) } else { format.text(&notes) };
        let mark = if is_marked && label.starts_with("utf") { "\u{feff}" } else { "" };
        let encoded = packing.pack(&encode(label, &format!("{mark}{text}")));
        let input = Input::bytes("in", encoded).compression(packing.chosen()).encoding(label.parse().unwrap());
        let found = read(format, input, block_size);
        prop_assert_eq!(found, read(format, Input::bytes("in", text), block_size));
    }

    #[test]
    fn bytes_of_any_kind_do_not_panic(
        format in prop::sample::select(&FORMATS[..]),
        (label, _) in prop::sample::select(&ENCODINGS[..]),
        bytes in prop::collection::vec(any::<u8>(), 0..200),
        block_size in 1usize..99,
    ) {
        let input = Input::bytes("in", bytes).encoding(label.parse().unwrap());
        // Any outcome is fine here; the errors are tested where the bytes are decoded.
        let _ = read(format, input, block_size);
    }
}

#[test]
fn each_file_of_an_input_has_its_own_byte_order_mark() {
    let folder = Folder::new();
    let mut stored = 0;
    let texts = ["\u{feff}id\na\n", "id\nb\n", "\u{feff}id\nc\n"];
    for (number, (label, text)) in ["utf-16le", "utf-16le", "utf-16be"].into_iter().zip(texts).enumerate() {
        let packed = Packing::Gzip.pack(&encode(label, text));
        stored += packed.len() as u64;
        folder.write(&format!("{number}.csv.gz"), packed);
    }
    let input = Input::glob(folder.path("*.gz").display().to_string()).encoding(Encoding::Utf16);
    let expected: Vec<Record> = ["a", "b", "c"].map(|id| record! {"id" => id}).into();
    assert_eq!(read(Csv, input.clone(), 1 << 10), Ok(expected));

    let cx = RunContext::new();
    let pipeline = Csv.read(input, 1 << 10).write_fn(async |_, _: Records| Ok(())).unwrap();
    let report = pipeline.run_blocking(&cx).unwrap();
    assert_eq!((report.read.bytes, cx.progress().bytes_expected()), (stored, Some(stored)));
}

#[test]
fn text_that_is_invalid_in_its_encoding_is_named() {
    let folder = Folder::new();
    folder.write("a.csv", encode("utf-16le", "\u{feff}id\na\n"));
    let mut broken = encode("utf-16be", "\u{feff}id\nb\n");
    broken.pop();
    folder.write("b.csv", broken);
    let flow = Csv.read(Input::directory(folder.root()).encoding(Encoding::Utf16), 1 << 10);
    let pipeline = flow.write_fn(async |_, _: Records| Ok(())).unwrap();
    let error = pipeline.run_blocking(&RunContext::new()).unwrap_err();
    let expected =
        "read failed: `b.csv` is not valid UTF-16BE text: the bytes at offset 10 are not a character";
    assert_eq!(folder.message(&error), expected);
}

#[test]
fn an_encoding_that_was_not_configured_is_refused() {
    let error = read(Csv, Input::bytes("in", "id\n").encoding(Encoding::Utf16), 9).unwrap_err();
    // `id` as UTF-16 is one character, and a line feed is half of one.
    assert_eq!(
        error,
        "read failed: `in` is not valid UTF-16LE text: the bytes at offset 2 are not a character"
    );
    let error = read(Jsonl, Input::bytes("in", "\u{feff}{}").encoding(Encoding::Latin1), 9).unwrap_err();
    assert_eq!(
        error,
        "read failed: `in` has the byte order mark of UTF-8, but is read as windows-1252; \
         `Encoding::Utf8` reads it"
    );
}

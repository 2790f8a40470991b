//! Each error, printed by `Display` and by `Debug`.

use godata_core::excerpt_within;

use super::*;

fn why() -> io::Error {
    io::Error::other("why")
}

/// Each variant with its message, and whether the cause follows in the chain.
fn variants() -> Vec<(IoError, &'static str, bool)> {
    let path = || PathBuf::from("out/a.csv");
    let directory = || PathBuf::from("out");
    let compression = Compression::Gzip;
    let field = || "country".to_owned();
    vec![
        (IoError::Open { path: path(), source: why() }, "`out/a.csv` can't be opened", true),
        (
            IoError::IsDirectory { path: directory() },
            "`out` is a directory; `Input::directory` reads the files in it",
            false,
        ),
        (
            IoError::Packed { path: path(), found: Packed::Gzip },
            "`out/a.csv` is gzip data, as its first bytes show; `Input::compression` with `Compression::Gzip` reads it",
            false,
        ),
        (
            IoError::Packed { path: path(), found: Packed::Zip },
            "`out/a.csv` is zip data, as its first bytes show; unpack it first, or export the spreadsheet as CSV",
            false,
        ),
        (
            IoError::NotAFile { path: path() },
            "`out/a.csv` is not a regular file: it can be read only once",
            false,
        ),
        (IoError::NoPaths, "there is nothing to read: no paths were given", false),
        (
            IoError::Pattern { pattern: "[a".into(), source: why().into() },
            "`[a` is not a valid pattern",
            true,
        ),
        (IoError::NoMatch { pattern: "/in/*".into(), directory: None }, "no file matches `/in/*`", false),
        (
            IoError::NoMatch { pattern: "in/*".into(), directory: Some("/home".into()) },
            "no file matches `in/*` in the working directory `/home`",
            false,
        ),
        (IoError::List { path: directory(), source: why() }, "the files of `out` can't be listed", true),
        (IoError::NoFiles { path: directory() }, "there are no files in `out`", false),
        (
            IoError::NotBuiltIn { path: path(), compression },
            "`out/a.csv` can't be used without the crate feature `gzip`",
            false,
        ),
        (
            IoError::Compressed { path: path(), compression, bytes: 7, source: why() },
            "`out/a.csv` is not whole gzip data: decompression fails after 7 bytes",
            true,
        ),
        (IoError::Read { path: path(), source: why() }, "`out/a.csv` can't be read", true),
        (
            IoError::Encoding { path: path(), found: "UTF-16LE", expected: Encoding::Utf8 },
            "`out/a.csv` has the byte order mark of UTF-16LE, but is read as UTF-8; \
             `Input::encoding` with `Encoding::Utf16` reads it",
            false,
        ),
        (
            IoError::Encoding { path: path(), found: "UTF-8", expected: Encoding::Latin1 },
            "`out/a.csv` has the byte order mark of UTF-8, but is read as windows-1252; \
             `Encoding::Utf8` reads it",
            false,
        ),
        (
            IoError::Encoding { path: path(), found: "UTF-32LE", expected: Encoding::Utf8 },
            "`out/a.csv` has the byte order mark of UTF-32LE, but is read as UTF-8; \
             convert it to UTF-8",
            false,
        ),
        (
            IoError::Malformed { path: path(), encoding: "GBK", offset: 3 },
            "`out/a.csv` is not valid GBK text: the bytes at offset 3 are not a character",
            false,
        ),
        (
            IoError::UnknownEncoding { label: "utf-32".into() },
            "`utf-32` is not the label of a known encoding; labels are `utf-16` and `windows-1252`, for example",
            false,
        ),
        (
            IoError::RecordTooLong { path: path(), line: 2, limit: 64 },
            "out/a.csv:2: the record that begins here is over 64 bytes long",
            false,
        ),
        (
            IoError::Incomplete { path: path(), line: 2 },
            "out/a.csv:2: the record that begins here is not complete",
            false,
        ),
        (
            IoError::OutputIsDirectory { path: directory() },
            "`out` is a directory, and can't be replaced by a file",
            false,
        ),
        (IoError::NoFileName { path: "out/".into() }, "`out/` is not the path of a file", false),
        (
            IoError::NoDirectory { path: path(), directory: directory() },
            "`out/a.csv` can't be written: the directory `out` does not exist; `create_parents` creates it",
            false,
        ),
        (
            IoError::MakeDirectory { path: directory(), source: why() },
            "the directory `out` can't be created",
            true,
        ),
        (
            IoError::Options { path: path(), reason: "no rows" },
            "`out/a.csv` can't be written with these options: no rows",
            false,
        ),
        (
            IoError::Level { path: path(), compression, level: 10, levels: 0..=9 },
            "`out/a.csv` can't be written: gzip has no level 10, only 0 to 9",
            false,
        ),
        (
            IoError::Template { template: "{".into(), expected: "a field" },
            "`{` is not a path template: a field",
            false,
        ),
        (
            IoError::PartitionValue { field: field(), found: "a list" },
            "field `country`: a list can't be part of a path",
            false,
        ),
        (
            IoError::PartitionField { field: field() },
            "no record has the field `country`, which is in the path template",
            false,
        ),
        (
            IoError::SamePath { path: path() },
            "`out/a.csv` leads to the same file as another path that this run writes",
            false,
        ),
        (IoError::Resume { path: path(), source: why().into() }, "`out/a.csv` can't be appended to", true),
        (
            IoError::InUse { path: path() },
            "`out/a.csv` can't be appended to: another run appends to it; `lock_timeout` sets how long to wait",
            false,
        ),
        (
            IoError::OwnInput { path: path() },
            "`out/a.csv` can't be appended to, because this run reads it; a file that is read by its path can be replaced",
            false,
        ),
        (
            IoError::ListedInput { path: path(), input: "out/*.csv".into() },
            "`out/a.csv` can't be replaced, because this run reads it as one of the files of `out/*.csv`; write to another \
             directory, or use a pattern that does not match the output",
            false,
        ),
        (
            IoError::LettersOverInput { path: path() },
            "`out/a.csv` can't be replaced by dead letters, because this run reads it; give them a file of their own",
            false,
        ),
        (IoError::Create { path: path(), source: why() }, "`out/a.csv` can't be written", true),
        (IoError::Write { path: path(), source: why() }, "writing `out/a.csv` failed", true),
        (IoError::Commit { path: path(), source: why() }, "committing `out/a.csv` failed", true),
        (
            IoError::SyncDirectory { path: directory(), source: why() },
            "the directory `out` can't be flushed to the disk",
            true,
        ),
    ]
}

#[test]
fn each_error_displays_its_message_and_debugs_its_chain() {
    for (error, message, has_cause) in variants() {
        assert_eq!(error.to_string(), message);
        let chain = if has_cause { format!("{message}: why") } else { message.to_owned() };
        assert_eq!(format!("{error:?}"), chain);
    }
}

#[test]
fn no_error_prints_a_character_that_a_terminal_obeys_or_a_text_without_end() {
    for text in ["a\n\u{1b}[2J\u{202e}\u{200b}\u{2028}\u{9b}\u{e0041}".to_owned(), "x".repeat(1 << 20)] {
        let path = || PathBuf::from(&text);
        let errors = [
            IoError::Open { path: path(), source: io::Error::other(&*text) },
            IoError::IsDirectory { path: path() },
            IoError::NotAFile { path: path() },
            IoError::Pattern { pattern: text.clone(), source: (&*text).into() },
            IoError::NoMatch { pattern: text.clone(), directory: Some(path()) },
            IoError::List { path: path(), source: why() },
            IoError::NoFiles { path: path() },
            IoError::NotBuiltIn { path: path(), compression: Compression::Gzip },
            IoError::Compressed { path: path(), compression: Compression::Gzip, bytes: 7, source: why() },
            IoError::Read { path: path(), source: why() },
            IoError::Encoding { path: path(), found: "UTF-8", expected: Encoding::Latin1 },
            IoError::Packed { path: path(), found: Packed::Zip },
            IoError::Malformed { path: path(), encoding: "GBK", offset: 3 },
            IoError::UnknownEncoding { label: text.clone() },
            IoError::RecordTooLong { path: path(), line: 2, limit: 64 },
            IoError::Incomplete { path: path(), line: 2 },
            IoError::OutputIsDirectory { path: path() },
            IoError::NoFileName { path: path() },
            IoError::NoDirectory { path: path(), directory: path() },
            IoError::MakeDirectory { path: path(), source: why() },
            IoError::Options { path: path(), reason: "no rows" },
            IoError::Level { path: path(), compression: Compression::Gzip, level: 10, levels: 0..=9 },
            IoError::Template { template: text.clone(), expected: "a field" },
            IoError::PartitionValue { field: text.clone(), found: "a list" },
            IoError::PartitionField { field: text.clone() },
            IoError::SamePath { path: path() },
            IoError::Resume { path: path(), source: why().into() },
            IoError::InUse { path: path() },
            IoError::OwnInput { path: path() },
            IoError::ListedInput { path: path(), input: text.clone() },
            IoError::LettersOverInput { path: path() },
            IoError::Create { path: path(), source: why() },
            IoError::Write { path: path(), source: why() },
            IoError::Commit { path: path(), source: why() },
            IoError::SyncDirectory { path: path(), source: why() },
        ];
        for error in errors {
            assert!(error.to_string().len() < 2_000);
            let chain = format!("{error:?}");
            assert!(chain.len() < 4_000 && excerpt_within(&chain, chain.len()) == chain, "{chain}");
        }
    }
}

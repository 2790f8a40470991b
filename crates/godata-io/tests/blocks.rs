//! Cutting files into blocks of whole records, with a toy framing: records end in a semicolon and may have many lines.
#![allow(clippy::unwrap_used, reason = "a panic fails the test")]

use std::fs;
use std::path::Path;
use std::sync::{Arc, Mutex};

use godata_core::{BoxError, RunContext, error_chain};
use godata_etl::{
    BlockingRead, BlockingSource, Chunk, Origin, Pipeline, PipelineError, Reader, RunScope, Unit,
};
use godata_io::{Ahead, Block, Blocks, Frame, Framing, Input};
use proptest::prelude::*;
use tempfile::tempdir;

/// Frames everything up to the last semicolon. Line breaks between records belong to no record.
struct Toy;

impl Framing for Toy {
    fn frame(&mut self, ahead: Ahead<'_>) -> Result<Frame, BoxError> {
        let blank = ahead.bytes.iter().take_while(|&&byte| byte == b'\n').count();
        if blank > 0 {
            return Ok(Frame::new(blank).lines(blank as u64));
        }
        let ended = ahead.bytes.iter().rposition(|&byte| byte == b';').map_or(0, |at| at + 1);
        // A last record that begins with `!` is not complete.
        let is_whole = ahead.at_end && !ahead.bytes[ended..].starts_with(b"!");
        let bytes = if is_whole { ahead.bytes.len() } else { ended };
        let taken = &ahead.bytes[..bytes];
        let records = taken.split_inclusive(|&byte| byte == b';').count() as u64;
        Ok(Frame::new(bytes).records(records).lines(lines(taken)))
    }
}

/// Frames the first record only.
struct First;

impl Framing for First {
    fn frame(&mut self, ahead: Ahead<'_>) -> Result<Frame, BoxError> {
        let end = ahead.bytes.iter().position(|&byte| byte == b';').map_or(0, |at| at + 1);
        Ok(Frame::new(end).records(1).lines(lines(&ahead.bytes[..end])))
    }
}

/// Pretends that all records are on the first line, unless each has a line of its own.
fn origin(block: &Block) -> Origin {
    block.origin(|_, line| vec![line; usize::try_from(block.records()).unwrap()])
}

fn lines(bytes: &[u8]) -> u64 {
    bytes.iter().filter(|&&byte| byte == b'\n').count() as u64
}

struct Toys {
    input: Input,
    block_size: usize,
    header: bool,
    seen: Arc<Mutex<Vec<Block>>>,
}

struct ToySource {
    blocks: Blocks<Toy>,
    seen: Arc<Mutex<Vec<Block>>>,
}

impl Reader for Toys {
    type Batch = Vec<u64>;
    type Source = BlockingRead<ToySource>;

    async fn open(&self, scope: &RunScope) -> Result<Self::Source, BoxError> {
        let mut blocks = Blocks::new(self.input.open(scope)?, Toy, scope).block_size(self.block_size);
        if self.header
            && let Some(head) = blocks.first_record(&mut First)?
        {
            assert!(head.bytes.ends_with(b";"));
            let frame = head.frame;
            blocks.skip(frame);
        }
        Ok(BlockingRead::new(ToySource { blocks, seen: Arc::clone(&self.seen) }, scope))
    }
}

impl BlockingSource for ToySource {
    type Batch = Vec<u64>;

    fn next(&mut self) -> Result<Option<Unit<Vec<u64>>>, BoxError> {
        let Some(block) = self.blocks.next(|_| Ok(()))? else { return Ok(None) };
        self.seen.lock().unwrap().push(block.clone());
        Ok(Some(Unit::new(move |work| {
            let (records, origin) = (block.records(), origin(&block));
            work.recycle(block.bytes);
            Ok(Chunk::new((0..records).collect(), origin))
        })))
    }
}

fn run(path: &Path, block_size: usize, header: bool) -> Result<(Vec<Block>, u64), PipelineError> {
    let seen = Arc::default();
    let toys = Toys { input: Input::from(path), block_size, header, seen: Arc::clone(&seen) };
    let pipeline = Pipeline::builder("toys").read(toys).write_fn(async |_, _: Vec<u64>| Ok(()))?;
    let report = pipeline.run_blocking(&RunContext::new())?;
    let blocks = seen.lock().unwrap().drain(..).collect();
    Ok((blocks, report.read.bytes))
}

fn run_text(bytes: &[u8], block_size: usize, header: bool) -> Result<(Vec<Block>, u64), PipelineError> {
    let folder = tempdir().unwrap();
    let path = folder.path().join("toys.txt");
    fs::write(&path, bytes).unwrap();
    run(&path, block_size, header)
}

fn failure(path: &Path) -> String {
    let error = run(path, 1 << 10, false).unwrap_err();
    error_chain(&error).to_string().replace(&format!("{}/", path.parent().unwrap().display()), "")
}

fn failure_of(bytes: &[u8]) -> String {
    let folder = tempdir().unwrap();
    let path = folder.path().join("toys.txt");
    fs::write(&path, bytes).unwrap();
    failure(&path)
}

/// Checks that the blocks together are the text, that each is whole records, and that their origins are right.
fn check(text: &str, block_size: usize) {
    let (blocks, bytes_read) = run_text(text.as_bytes(), block_size, false).unwrap();
    assert_eq!(bytes_read, text.len() as u64);
    let (mut record, mut end, mut longest) = (1, 0, 0);
    for block in &blocks {
        let found = text[end..].find(std::str::from_utf8(&block.bytes).unwrap()).unwrap();
        assert!(text[end..end + found].bytes().all(|byte| byte == b'\n'), "only blank lines are skipped");
        let start = end + found;
        end = start + block.bytes.len();
        let place = origin(block).place(0);
        assert_eq!(place.record, Some(record));
        assert_eq!(place.line, Some(1 + lines(&text.as_bytes()[..start])));
        assert!(block.bytes.ends_with(b";") || end == text.len());
        record += block.records();
        let parts = text[start..end].split_inclusive(';');
        longest = longest.max(parts.map(str::len).max().unwrap_or(0));
        assert!(block.bytes.len() <= block_size.max(4).max(2 * longest), "a block is not larger than needed");
    }
    assert!(text[end..].bytes().all(|byte| byte == b'\n'));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn blocks_of_any_size_make_up_the_whole_text(text in "(\n{0,3}[a-c\n]{0,20};){0,12}[a-c]{0,9}") {
        for block_size in 1..=text.len() + 2 {
            check(&text, block_size);
        }
    }
}

#[test]
fn an_empty_input_has_no_blocks() {
    assert!(run_text(b"", 10, false).unwrap().0.is_empty());
    assert!(run_text(b"\n\n\n", 1, false).unwrap().0.is_empty());
}

#[test]
fn a_block_is_at_most_as_large_as_the_largest_record_allowed() {
    let text = "a;b;\n";
    for block_size in [1 << 40, usize::MAX] {
        let (blocks, bytes) = run_text(text.as_bytes(), block_size, false).unwrap();
        assert_eq!((blocks.len(), bytes), (1, 5));
    }
    let text = "abc;".repeat(17 << 20);
    let (blocks, _) = run_text(text.as_bytes(), usize::MAX, false).unwrap();
    assert_eq!(blocks.iter().map(|block| block.bytes.len()).collect::<Vec<_>>(), [64 << 20, 4 << 20]);
}

#[test]
fn a_header_is_not_counted_as_a_record() {
    for block_size in 1..20 {
        let (blocks, bytes) = run_text(b"he\nad;a;b;", block_size, true).unwrap();
        let place = origin(&blocks[0]).place(0);
        assert_eq!((place.record, place.line), (Some(1), Some(2)));
        let rest: Vec<u8> = blocks.iter().flat_map(|block| block.bytes.clone()).collect();
        assert_eq!((rest, bytes), (b"a;b;".to_vec(), 10));
    }
}

#[test]
fn byte_order_marks_are_skipped() {
    for (marks, block_size) in (1..4).flat_map(|marks| (1..12).map(move |size| (marks, size))) {
        let text = format!("{}a;b;", "\u{feff}".repeat(marks));
        let (blocks, bytes) = run_text(text.as_bytes(), block_size, false).unwrap();
        let found: Vec<u8> = blocks.iter().flat_map(|block| block.bytes.clone()).collect();
        assert_eq!((found, bytes), (b"a;b;".to_vec(), text.len() as u64));
    }
}

#[test]
fn blocks_return_to_their_size_after_a_long_record() {
    let text = format!("{};{}", "a".repeat(70), "b;".repeat(100));
    let (blocks, _) = run_text(text.as_bytes(), 10, false).unwrap();
    assert!(blocks[1..].iter().all(|block| block.bytes.len() <= 10));
}

#[test]
fn several_byte_strings_are_read_as_several_files_are() {
    for sources in [vec![("a:7", "1;\n2"), ("b", ""), ("a:9", "\n3;4;")], vec![]] {
        let seen: Arc<Mutex<Vec<Block>>> = Arc::default();
        let input = Input::bytes_of(sources.clone());
        let toys = Toys { input, block_size: 1 << 10, header: false, seen: Arc::clone(&seen) };
        let pipeline = Pipeline::builder("toys").read(toys).write_fn(async |_, _: Vec<u64>| Ok(())).unwrap();
        let report = pipeline.run_blocking(&RunContext::new()).unwrap();
        let bytes: usize = sources.iter().map(|(_, bytes)| bytes.len()).sum();
        assert_eq!(report.read.bytes, bytes as u64);
        let blocks = seen.lock().unwrap();
        let place = |block: &Block| origin(block).place(0).to_string();
        let blocks: Vec<_> = blocks.iter().map(|block| (block.bytes.clone(), place(block))).collect();
        let expected = [(b"1;\n2".to_vec(), "record 1 (a:7:1)"), (b"3;4;".to_vec(), "record 1 (a:9:2)")];
        assert_eq!(blocks, expected.map(|(bytes, place)| (bytes, place.to_owned()))[..sources.len().min(2)]);
    }
}

#[test]
fn errors_name_the_file() {
    let folder = tempdir().unwrap();
    assert_eq!(
        failure(&folder.path().join("missing.txt")),
        "read failed: `missing.txt` can't be opened: No such file or directory (os error 2)"
    );
    let name = folder.path().file_name().unwrap().to_str().unwrap();
    assert_eq!(
        failure(folder.path()),
        format!("read failed: `{name}` is a directory; `Input::directory` reads the files in it")
    );
    assert_eq!(
        failure_of(b"\xff\xfea\0"),
        "read failed: `toys.txt` has the byte order mark of UTF-16LE, but is read as UTF-8; \
         `Input::encoding` with `Encoding::Utf16` reads it"
    );
    assert_eq!(failure_of(b"a\n;!b"), "read failed: toys.txt:2: the record that begins here is not complete");
}

#[test]
fn a_record_over_the_limit_is_refused() {
    let mut bytes = b"a\n;".to_vec();
    bytes.resize((64 << 20) + 10, b'b');
    let expected = "read failed: toys.txt:2: the record that begins here is over 67108864 bytes long";
    assert_eq!(failure_of(&bytes), expected);
}

#[cfg(unix)]
#[test]
fn a_fifo_can_be_read() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("fifo");
    assert!(std::process::Command::new("mkfifo").arg(&path).status().unwrap().success());
    let writer = std::thread::spawn({
        let path = path.clone();
        move || fs::write(path, "a;b;c")
    });
    let (blocks, bytes) = run(&path, 2, false).unwrap();
    writer.join().unwrap().unwrap();
    assert_eq!((blocks.iter().map(Block::records).sum::<u64>(), bytes), (3, 5));
}

/// Runs only with `--no-default-features`.
#[cfg(not(feature = "gzip"))]
#[test]
fn a_compression_that_is_not_built_in_is_an_error() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("toys.gz");
    fs::write(&path, "a;").unwrap();
    let expected = "read failed: `toys.gz` can't be used without the crate feature `gzip`";
    assert_eq!(failure(&path), expected);
}

/// Frames lines. One that begins with `!` gets a block of its own.
struct Shouts;

impl Framing for Shouts {
    const TERMINATOR: Option<u8> = Some(b'\n');

    fn frame(&mut self, ahead: Ahead<'_>) -> Result<Frame, BoxError> {
        let is_shout = ahead.bytes.starts_with(b"!");
        let mut kept = ahead.bytes.split_inclusive(|&byte| byte == b'\n');
        let taken: Vec<_> = match is_shout {
            true => kept.by_ref().take(1).collect(),
            false => kept.take_while(|line| !line.starts_with(b"!")).collect(),
        };
        let lines = taken.len() as u64;
        let frame = Frame::new(taken.concat().len()).records(lines).lines(lines);
        Ok(if is_shout { frame.alone() } else { frame })
    }
}

/// Looks at the blocks of several files.
struct Look<F>(Input, F);

impl<F: Fn(Blocks<Shouts>) + Send + Sync + 'static> Reader for Look<F> {
    type Batch = Vec<u64>;
    type Source = BlockingRead<ToySource>;

    async fn open(&self, scope: &RunScope) -> Result<Self::Source, BoxError> {
        (self.1)(Blocks::new(self.0.open(scope)?, Shouts, scope));
        let blocks = Blocks::new(Input::bytes("none", "").open(scope)?, Toy, scope);
        Ok(BlockingRead::new(ToySource { blocks, seen: Arc::default() }, scope))
    }
}

fn look(texts: &[&'static str], f: impl Fn(Blocks<Shouts>) + Send + Sync + 'static) {
    let input = Input::bytes_of((0..).zip(texts).map(|(at, &text)| (format!("f{at}"), text)));
    let pipeline = Pipeline::builder("look").read(Look(input, f)).write_fn(|_, _| async { Ok(()) }).unwrap();
    pipeline.run_blocking(&RunContext::new()).unwrap();
}

#[test]
fn a_frame_that_is_alone_shares_its_block_with_no_other_file() {
    look(&["a\nb\n", "c", "!d\n", "e\n", "f\n!g\n", "h\n"], |mut blocks| {
        let mut next = || blocks.next(|_| Ok(())).unwrap();
        let mut found = Vec::new();
        while let Some(block) = next() {
            let last = block.records() - 1;
            let place = block.origin(|_, line| vec![line]).place(u32::try_from(last).unwrap());
            found.push((
                String::from_utf8(block.bytes.clone()).unwrap(),
                block.is_alone(),
                place.to_string(),
            ));
        }
        let expected = [
            ("a\nb\nc", false, "record 1 (f1:1)"),
            ("!d\n", true, "record 1 (f2:1)"),
            ("e\nf\n", false, "record 1 (f4:1)"),
            ("!g\n", true, "record 2 (f4:2)"),
            ("h\n", false, "record 1 (f5:1)"),
        ];
        assert_eq!(found, expected.map(|(text, is_alone, place)| (text.into(), is_alone, place.into())));
    });
}

#[test]
fn the_next_file_is_read_from_its_beginning_although_a_frame_was_left() {
    look(&["a\n", "!b\n", "c\nd\n"], |mut blocks| {
        assert_eq!(blocks.next(|_| Ok(())).unwrap().unwrap().bytes, b"a\n");
        assert!(blocks.next_file().unwrap());
        assert!(blocks.first_record(&mut Shouts).unwrap().is_some());
        assert_eq!(blocks.next(|_| Ok(())).unwrap().unwrap().bytes, b"c\nd\n");
    });
}

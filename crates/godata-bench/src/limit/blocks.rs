//! The input in blocks of whole records.

use std::fs::File;
use std::io;
use std::io::Read;
use std::mem;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use godata_core::BoxError;
use memchr::{memchr, memchr_iter, memrchr2_iter};

/// The size of a read, in bytes.
const READ: usize = 256 * 1024;

/// This many bytes after a block are readable too, so that cells are copied 16 bytes at a time and scanned 64 at a time.
pub(super) const PADDING: usize = 64;

/// The rest of the input, and whose turn it is to write.
pub(super) struct Blocks {
    input: File,
    /// Bytes that were read after the last block.
    rest: Vec<u8>,
    /// Receives the output when all earlier blocks have been written.
    turn: Receiver<File>,
}

/// Whole records, each ending in a line feed.
#[derive(Default)]
pub(super) struct Block {
    pub(super) bytes: Vec<u8>,
    pub(super) len: usize,
}

impl Blocks {
    /// Reads the header, without its line feed.
    pub(super) fn open(mut input: File, output: File) -> Result<(Self, Vec<u8>), BoxError> {
        let mut rest = vec![0; READ];
        let len = fill(&mut input, &mut rest)?;
        rest.truncate(len);
        let end = memchr(b'\n', &rest).ok_or("the input has no header")?;
        let header = rest[..end].to_vec();
        rest.drain(..=end);
        let (first, turn) = sync_channel(1);
        first.send(output)?;
        Ok((Self { input, rest, turn }, header))
    }

    /// Fills a block; `None` after the last one.
    pub(super) fn next(&mut self, block: &mut Block) -> Result<Option<Turn>, BoxError> {
        let mut len = self.rest.len();
        block.bytes.resize(block.bytes.len().max(len + READ + PADDING), 0);
        block.bytes[..len].copy_from_slice(&self.rest);
        self.rest.clear();
        block.len = loop {
            let before_padding = block.bytes.len() - PADDING;
            let read = fill(&mut self.input, &mut block.bytes[len..before_padding])?;
            len += read;
            if let Some(end) = last_record_end(&block.bytes[..len]) {
                break end;
            }
            if read == 0 {
                break len;
            }
            block.bytes.resize(block.bytes.len() + READ, 0);
        };
        self.rest.extend_from_slice(&block.bytes[block.len..len]);
        block.end();
        let (pass, turn) = sync_channel(1);
        Ok((block.len > 0).then(|| Turn { turn: mem::replace(&mut self.turn, turn), pass }))
    }
}

impl Block {
    /// Ends the last record if the input does not, and clears the bytes after the block.
    fn end(&mut self) {
        if self.len > 0 && self.bytes[self.len - 1] != b'\n' {
            self.bytes[self.len] = b'\n';
            self.len += 1;
            self.bytes.push(b' ');
        }
        self.bytes[self.len..][..PADDING].fill(b' ');
    }
}

/// A worker's place in the write queue. A worker that fails drops it, and then all later ones fail too.
pub(super) struct Turn {
    turn: Receiver<File>,
    pass: SyncSender<File>,
}

impl Turn {
    /// Waits until all earlier blocks have been written.
    pub(super) fn take(self, write: impl FnOnce(&mut File) -> io::Result<()>) -> Result<(), BoxError> {
        let mut output = self.turn.recv().map_err(|_| "the block before was not written")?;
        write(&mut output)?;
        // No worker waits after the last block.
        let _ = self.pass.send(output);
        Ok(())
    }
}

/// The end of the last whole record, in bytes that begin with a record.
fn last_record_end(bytes: &[u8]) -> Option<usize> {
    let mut is_quoted = memchr_iter(b'"', bytes).count() % 2 == 1;
    for at in memrchr2_iter(b'\n', b'"', bytes) {
        if bytes[at] == b'"' {
            is_quoted = !is_quoted;
        } else if !is_quoted {
            return Some(at + 1);
        }
    }
    None
}

/// Reads until the buffer is full or the file has ended.
fn fill(file: &mut File, mut buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while !buffer.is_empty() {
        match file.read(buffer) {
            Ok(0) => break,
            Ok(read) => {
                filled += read;
                buffer = &mut buffer[read..];
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

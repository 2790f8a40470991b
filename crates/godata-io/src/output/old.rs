//! The content of a file that is appended to.

use std::fs::File;
use std::io;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

use crate::input::InputFile;
use crate::{Compression, IoError};

/// How many bytes at the start of a file are kept, if its first line is not longer.
const HEAD: usize = 64 << 10;

/// How many bytes at the start of a file are kept at most.
const LONGEST_HEAD: usize = 64 << 20;

/// The decompressed content of a file that is appended to, for [`FileFormat::resume`](crate::FileFormat::resume). It is
/// not empty.
#[derive(Clone, Debug)]
pub struct OldContent {
    head: Vec<u8>,
    last: u8,
}

impl OldContent {
    /// Reads a file of `len` stored bytes; `None` if it decompresses to nothing. A compressed file is read from start
    /// to end: it must be whole before anything is appended, and there is no other way to find its last byte.
    pub(super) fn read(path: &Path, len: u64, compression: Compression) -> Result<Option<Self>, IoError> {
        if compression != Compression::None {
            return Self::decompress(path, compression);
        }
        let read = || {
            let mut file = File::open(path)?;
            let (mut head, mut last) = (Vec::new(), [0]);
            let mut is_enough = false;
            while !is_enough {
                let start = head.len();
                let read = Read::by_ref(&mut file).take(HEAD as u64).read_to_end(&mut head)?;
                is_enough = read == 0 || is_head(&head, start);
            }
            file.seek(SeekFrom::Start(len - 1))?;
            file.read_exact(&mut last)?;
            Ok(Some(Self { head, last: last[0] }))
        };
        read().map_err(|source: io::Error| IoError::Read { path: path.to_owned(), source })
    }

    fn decompress(path: &Path, compression: Compression) -> Result<Option<Self>, IoError> {
        let mut file = InputFile::open_path(path, compression)?;
        let mut head = Vec::new();
        let (mut has_ended, mut is_enough) = (false, false);
        while !has_ended && !is_enough {
            let start = head.len();
            has_ended = file.fill(&mut head, start + HEAD)?;
            is_enough = is_head(&head, start);
        }
        let mut last = head.last().copied();
        let mut further = Vec::new();
        while !has_ended {
            further.clear();
            has_ended = file.fill(&mut further, HEAD)?;
            last = further.last().copied().or(last);
        }
        Ok(last.map(|last| Self { head, last }))
    }

    /// The first bytes of the content: up to 64 KiB, or the first line if it is longer, up to 64 MiB.
    #[must_use]
    pub fn head(&self) -> &[u8] {
        &self.head
    }

    /// The last byte of the content.
    #[must_use]
    pub fn last(&self) -> u8 {
        self.last
    }
}

/// Whether the start of a file is enough. What comes before `start` has no line break.
fn is_head(head: &[u8], start: usize) -> bool {
    head.len() >= LONGEST_HEAD || head[start..].iter().any(|byte| matches!(byte, b'\n' | b'\r'))
}

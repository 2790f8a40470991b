//! The bytes of an input as they are stored.

use std::fs::File;
use std::io;
use std::io::{Read, Stdin};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

/// Where the bytes of one file come from.
#[derive(Clone, Debug)]
pub(super) enum Source {
    File(PathBuf),
    Stdin(Arc<str>),
    Bytes(Arc<str>, Arc<Vec<u8>>),
}

impl Source {
    /// The path, if this is a file. Anything else has no extension that means something.
    pub(super) fn path(&self) -> Option<&Path> {
        match self {
            Self::File(path) => Some(path),
            Self::Stdin(_) | Self::Bytes(..) => None,
        }
    }

    /// A path that leads to the file, even if it has none of its own.
    pub(super) fn identity(&self) -> Option<PathBuf> {
        match self {
            Self::File(path) => Some(path.clone()),
            Self::Stdin(_) => Some("/dev/stdin".into()),
            Self::Bytes(..) => None,
        }
    }

    /// The name for errors and origins.
    pub(super) fn name(&self) -> Arc<str> {
        match self {
            Self::File(path) => path.to_string_lossy().into(),
            Self::Stdin(name) | Self::Bytes(name, _) => Arc::clone(name),
        }
    }

    pub(super) fn open(&self, may_grow: bool) -> io::Result<Content> {
        let bytes = match self {
            Self::File(path) => Stored::file(File::open(path)?)?,
            Self::Stdin(_) => Stored::Stdin(io::stdin()),
            Self::Bytes(_, bytes) => Stored::Bytes(Arc::clone(bytes)),
        };
        Ok(Content { bytes, read: 0, has_failed: false, may_grow })
    }
}

/// The stored bytes of one file.
#[derive(Debug)]
pub(super) struct Content {
    bytes: Stored,
    /// How many bytes were read.
    read: u64,
    has_failed: bool,
    may_grow: bool,
}

#[derive(Debug)]
enum Stored {
    File {
        file: File,
        /// The length of a regular file when it was opened. No more is read, because the rest was added later.
        len: Option<u64>,
        /// When a regular file was last modified, as seen when it was opened.
        modified: Option<SystemTime>,
    },
    Stdin(Stdin),
    Bytes(Arc<Vec<u8>>),
}

impl Stored {
    fn file(file: File) -> io::Result<Self> {
        let metadata = file.metadata()?;
        let len = metadata.is_file().then_some(metadata.len());
        Ok(Self::File { file, len, modified: metadata.modified().ok() })
    }
}

impl Content {
    /// How many bytes were read.
    pub(super) fn count(&self) -> u64 {
        self.read
    }

    /// Whether reading failed: then an error does not come from the decompression.
    pub(super) fn has_failed(&self) -> bool {
        self.has_failed
    }

    /// Appends `len` bytes to `buffer`, and fewer only at the end of the file.
    pub(super) fn fill(&mut self, buffer: &mut Vec<u8>, len: u64) -> io::Result<usize> {
        match &mut self.bytes {
            // `File` can read into uninitialized memory, which `Content` as a `Read` can't.
            Stored::File { file, len: stored, .. } => {
                let most = left(*stored, self.read).min(len);
                let read = file.take(most).read_to_end(buffer);
                self.has_failed |= read.is_err();
                let read = read?;
                self.read += read as u64;
                if (read as u64) < len {
                    self.check_end()?;
                }
                Ok(read)
            }
            Stored::Stdin(_) | Stored::Bytes(_) => self.take(len).read_to_end(buffer),
        }
    }

    /// Checks at the end of a file that it was not changed while it was read: a mixture of old and new may look whole. The
    /// length is queried again, because some file systems, such as sysfs, report a length that the file never had.
    fn check_end(&mut self) -> io::Result<()> {
        let Stored::File { file, len: Some(len @ 1..), modified } = &self.bytes else { return Ok(()) };
        let now = file.metadata()?;
        let text = if now.len() < *len && self.read < *len {
            format!("it ends after {} of the {len} bytes that it had when it was opened", self.read)
        } else if self.read < *len || now.modified().ok() == *modified {
            return Ok(());
        } else if now.len() <= *len {
            "it was changed while it was read".to_owned()
        } else if self.may_grow {
            return Ok(());
        } else {
            "it grew while it was read; `Input::growing` reads a file that is only added to".to_owned()
        };
        self.has_failed = true;
        Err(io::Error::new(io::ErrorKind::UnexpectedEof, text))
    }
}

impl Read for Content {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = match &mut self.bytes {
            Stored::File { file, len, .. } => file.take(left(*len, self.read)).read(buffer),
            Stored::Stdin(stdin) => stdin.read(buffer),
            Stored::Bytes(bytes) => {
                let at = usize::try_from(self.read).unwrap_or(usize::MAX);
                bytes.get(at..).unwrap_or_default().read(buffer)
            }
        };
        match &read {
            Ok(0) if !buffer.is_empty() => self.check_end()?,
            Ok(read) => self.read += *read as u64,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(_) => self.has_failed = true,
        }
        read
    }
}

/// How many bytes of a file may still be read. A length of 0 says nothing, because the files of procfs have it.
fn left(len: Option<u64>, read: u64) -> u64 {
    match len {
        None | Some(0) => u64::MAX,
        Some(len) => len.saturating_sub(read),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reads ten bytes of a file of a hundred that was written long ago, rewrites it with this length, and reads the rest.
    fn read_after_rewrite(len: usize, is_buffered: bool, may_grow: bool) -> io::Result<usize> {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("in");
        std::fs::write(&path, [b'x'; 100])?;
        File::options().write(true).open(&path)?.set_modified(SystemTime::UNIX_EPOCH)?;
        let mut content = Source::File(path.clone()).open(may_grow)?;
        let mut buffer = Vec::new();
        content.fill(&mut buffer, 10)?;
        std::fs::write(&path, vec![b'y'; len])?;
        let read =
            if is_buffered { content.fill(&mut buffer, 1000) } else { content.read_to_end(&mut buffer) };
        assert_eq!(content.has_failed(), read.is_err());
        read
    }

    #[test]
    fn a_file_that_is_changed_while_it_is_read_is_an_error() {
        for is_buffered in [true, false] {
            for may_grow in [true, false] {
                let rewrite =
                    |len| read_after_rewrite(len, is_buffered, may_grow).map_err(|error| error.to_string());
                for (len, ends_after) in [(0, 10), (10, 10), (99, 99)] {
                    let says = "of the 100 bytes that it had when it was opened";
                    assert_eq!(rewrite(len), Err(format!("it ends after {ends_after} {says}")));
                }
                assert_eq!(rewrite(100), Err("it was changed while it was read".to_owned()));
            }
        }
    }

    #[test]
    fn a_file_that_grows_while_it_is_read_is_an_error_unless_it_may() {
        for is_buffered in [true, false] {
            assert_eq!(read_after_rewrite(120, is_buffered, true).unwrap(), 90);
            let error = read_after_rewrite(120, is_buffered, false).unwrap_err();
            let hint = "`Input::growing` reads a file that is only added to";
            assert_eq!(error.to_string(), format!("it grew while it was read; {hint}"));
        }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_file_that_claims_to_be_empty_is_read() -> io::Result<()> {
        let status = "/proc/self/status";
        assert_eq!(std::fs::metadata(status)?.len(), 0);
        let mut buffer = Vec::new();
        assert!(Source::File(status.into()).open(false)?.fill(&mut buffer, 1000)? > 0);
        assert!(Source::File(status.into()).open(false)?.read(&mut [0; 100])? > 0);
        Ok(())
    }
}

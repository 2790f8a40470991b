//! The bytes of one file of an input, decompressed.

use std::fmt;
use std::io;
#[cfg(any(feature = "gzip", feature = "zstd", feature = "bzip2"))]
use std::io::{BufReader, Read};
use std::path::PathBuf;
use std::sync::Arc;

use super::Compression;
use super::content::{Content, Source};
use super::listing::Listed;
use crate::IoError;

/// How many compressed bytes are read at once.
#[cfg(any(feature = "gzip", feature = "zstd", feature = "bzip2"))]
const CHUNK: u64 = 64 << 10;

/// The bytes of one file of an input, decompressed.
pub(super) struct Decompressed {
    name: Arc<str>,
    /// The path for errors; the name if this is not a file.
    path: PathBuf,
    compression: Compression,
    bytes: Decoder,
    /// How many decompressed bytes were returned.
    decompressed: u64,
}

enum Decoder {
    Plain(Content),
    #[cfg(feature = "gzip")]
    Gzip(Box<flate2::bufread::MultiGzDecoder<BufReader<Content>>>),
    #[cfg(feature = "zstd")]
    Zstd(Box<zstd::Decoder<'static, BufReader<Content>>>),
    #[cfg(feature = "bzip2")]
    Bzip2(Box<bzip2::bufread::MultiBzDecoder<BufReader<Content>>>),
}

impl Decompressed {
    pub(super) fn open(listed: &Listed, compression: Compression) -> Result<Self, IoError> {
        let source = &listed.source;
        let failed = |error| IoError::Open { path: path_of(source), source: error };
        let content = source.open(listed.may_grow).map_err(failed)?;
        let compression = compression.of(source.path());
        let bytes = match compression {
            Compression::None | Compression::ByExtension => Decoder::Plain(content),
            #[cfg(feature = "gzip")]
            Compression::Gzip => {
                Decoder::Gzip(Box::new(flate2::bufread::MultiGzDecoder::new(buffered(content, listed))))
            }
            #[cfg(feature = "zstd")]
            Compression::Zstd => Decoder::Zstd(Box::new(
                zstd::Decoder::with_buffer(buffered(content, listed)).map_err(failed)?,
            )),
            #[cfg(feature = "bzip2")]
            Compression::Bzip2 => {
                Decoder::Bzip2(Box::new(bzip2::bufread::MultiBzDecoder::new(buffered(content, listed))))
            }
            #[cfg(not(all(feature = "gzip", feature = "zstd", feature = "bzip2")))]
            compression => return Err(IoError::NotBuiltIn { path: path_of(source), compression }),
        };
        Ok(Self { name: source.name(), path: path_of(source), compression, bytes, decompressed: 0 })
    }

    /// The name for errors and origins.
    pub(super) fn name(&self) -> &Arc<str> {
        &self.name
    }

    pub(super) fn path(&self) -> PathBuf {
        self.path.clone()
    }

    pub(super) fn is_compressed(&self) -> bool {
        !matches!(self.bytes, Decoder::Plain(_))
    }

    /// How many stored bytes were read.
    pub(super) fn stored_count(&self) -> u64 {
        self.content().count()
    }

    /// Reads until `buffer` has `len` bytes or the file ends. Returns whether it ended.
    pub(super) fn fill(&mut self, buffer: &mut Vec<u8>, len: usize) -> Result<bool, IoError> {
        let before = buffer.len();
        let missing = len.saturating_sub(before);
        buffer.reserve_exact(missing);
        let most = missing as u64;
        let read = match &mut self.bytes {
            Decoder::Plain(content) => content.fill(buffer, most),
            #[cfg(feature = "gzip")]
            Decoder::Gzip(decoder) => decoder.take(most).read_to_end(buffer),
            #[cfg(feature = "zstd")]
            Decoder::Zstd(decoder) => decoder.take(most).read_to_end(buffer),
            #[cfg(feature = "bzip2")]
            Decoder::Bzip2(decoder) => decoder.take(most).read_to_end(buffer),
        };
        self.decompressed += (buffer.len() - before) as u64;
        let read = read.map_err(|error| self.failed(error))?;
        let has_ended = read < missing;
        if has_ended && self.is_compressed() && self.content().count() == 0 {
            return Err(self.failed(io::ErrorKind::UnexpectedEof.into()));
        }
        Ok(has_ended)
    }

    fn failed(&self, source: io::Error) -> IoError {
        if !self.is_compressed() || self.content().has_failed() {
            return IoError::Read { path: self.path(), source };
        }
        let (path, compression, bytes) = (self.path(), self.compression, self.decompressed);
        let source = if bytes > 0 { explain_trailing(source) } else { source };
        IoError::Compressed { path, compression, bytes, source }
    }

    fn content(&self) -> &Content {
        match &self.bytes {
            Decoder::Plain(content) => content,
            #[cfg(feature = "gzip")]
            Decoder::Gzip(decoder) => decoder.get_ref().get_ref(),
            #[cfg(feature = "zstd")]
            Decoder::Zstd(decoder) => decoder.get_ref().get_ref(),
            #[cfg(feature = "bzip2")]
            Decoder::Bzip2(decoder) => decoder.get_ref().get_ref(),
        }
    }
}

impl fmt::Debug for Decompressed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Decompressed")
            .field("name", &self.name)
            .field("compression", &self.compression)
            .finish_non_exhaustive()
    }
}

/// A buffer for compressed bytes, no larger than the file.
#[cfg(any(feature = "gzip", feature = "zstd", feature = "bzip2"))]
fn buffered(content: Content, listed: &Listed) -> BufReader<Content> {
    let len = listed.len.unwrap_or(CHUNK).clamp(1, CHUNK);
    BufReader::with_capacity(usize::try_from(len).unwrap_or_default(), content)
}

/// After a whole part, the decoders expect the header of another one, and complain about that alone.
fn explain_trailing(error: io::Error) -> io::Error {
    let text = error.to_string();
    let headers = ["invalid gzip header", "Unknown frame descriptor", "bz2 header missing"];
    if headers.iter().any(|header| text.contains(header)) {
        return io::Error::new(error.kind(), "the compressed data ends there, and other bytes follow");
    }
    error
}

/// The path for errors; the name if this is not a file.
fn path_of(source: &Source) -> PathBuf {
    source.path().map_or_else(|| PathBuf::from(&*source.name()), Into::into)
}

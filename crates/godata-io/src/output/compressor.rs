//! Compressing what is written.

use std::fmt;
use std::io;
use std::io::Write;
use std::ops::RangeInclusive;
use std::path::Path;

use crate::{Compression, IoError};

/// How many bytes are compressed at once, so that little compressed data is held in memory.
const PIECE: usize = 64 << 10;

/// How the files of an output are compressed. It is checked when it is made, so that starting a compressor can't fail
/// because of a wrong level.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Packing {
    /// Never `ByExtension`.
    compression: Compression,
    level: Option<i32>,
}

impl Packing {
    /// `path` is the output, for errors.
    pub(crate) fn new(compression: Compression, level: Option<i32>, path: &Path) -> Result<Self, IoError> {
        if compression != Compression::None {
            let Some(levels) = levels(compression) else {
                return Err(IoError::NotBuiltIn { path: path.to_owned(), compression });
            };
            if let Some(level) = level.filter(|level| !levels.contains(level)) {
                return Err(IoError::Level { path: path.to_owned(), compression, level, levels });
            }
        }
        Ok(Self { compression, level })
    }

    pub(crate) fn compression(self) -> Compression {
        self.compression
    }

    /// Starts a member, frame or stream; `None` without compression.
    pub(super) fn begin(self) -> io::Result<Option<Compressor>> {
        Ok(begin(self.compression, self.level)?.map(Compressor))
    }
}

/// Compresses into memory, from where the caller takes the result after each write. An encoder that writes to the file
/// itself would also write when it is dropped, and an abandoned file would end as if it were whole.
pub(super) struct Compressor(Box<dyn Encode>);

impl Compressor {
    /// Compresses all of `bytes`, and passes the compressed bytes to `put`.
    pub(super) fn write_all(
        &mut self,
        bytes: &[u8],
        mut put: impl FnMut(&[u8]) -> io::Result<()>,
    ) -> io::Result<()> {
        for piece in bytes.chunks(PIECE) {
            self.0.write_all(piece)?;
            let compressed = self.0.compressed();
            put(compressed)?;
            compressed.clear();
        }
        Ok(())
    }

    /// The last bytes of the member, frame or stream.
    pub(super) fn finish(self) -> io::Result<Vec<u8>> {
        self.0.finish()
    }
}

impl fmt::Debug for Compressor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Compressor").finish_non_exhaustive()
    }
}

/// What the encoders of the libraries have in common.
trait Encode: Write + Send + Sync {
    /// The compressed bytes that were not yet taken.
    fn compressed(&mut self) -> &mut Vec<u8>;

    fn finish(self: Box<Self>) -> io::Result<Vec<u8>>;
}

/// The levels of a compression; `None` if it is not built in.
fn levels(compression: Compression) -> Option<RangeInclusive<i32>> {
    match compression {
        #[cfg(feature = "gzip")]
        Compression::Gzip => Some(0..=9),
        #[cfg(feature = "zstd")]
        Compression::Zstd => Some(zstd::compression_level_range()),
        #[cfg(feature = "bzip2")]
        Compression::Bzip2 => Some(1..=9),
        _ => None,
    }
}

/// Starts an encoder with a level that [`levels`] contains, or with the library's default.
#[cfg_attr(
    not(any(feature = "gzip", feature = "zstd", feature = "bzip2")),
    expect(clippy::unnecessary_wraps, unused_variables, reason = "nothing is built in")
)]
fn begin(compression: Compression, level: Option<i32>) -> io::Result<Option<Box<dyn Encode>>> {
    #[cfg(any(feature = "gzip", feature = "bzip2"))]
    let unsigned = level.and_then(|level| u32::try_from(level).ok());
    Ok(match compression {
        #[cfg(feature = "gzip")]
        Compression::Gzip => {
            let level = unsigned.map_or_else(flate2::Compression::default, flate2::Compression::new);
            Some(Box::new(flate2::write::GzEncoder::new(Vec::new(), level)))
        }
        #[cfg(feature = "zstd")]
        Compression::Zstd => {
            let level = level.unwrap_or(zstd::DEFAULT_COMPRESSION_LEVEL);
            let mut encoder = zstd::Encoder::new(Vec::new(), level)?;
            encoder.include_checksum(true)?;
            Some(Box::new(encoder))
        }
        #[cfg(feature = "bzip2")]
        Compression::Bzip2 => {
            let level = unsigned.map_or_else(bzip2::Compression::default, bzip2::Compression::new);
            Some(Box::new(bzip2::write::BzEncoder::new(Vec::new(), level)))
        }
        _ => None,
    })
}

#[cfg(feature = "gzip")]
impl Encode for flate2::write::GzEncoder<Vec<u8>> {
    fn compressed(&mut self) -> &mut Vec<u8> {
        self.get_mut()
    }

    fn finish(self: Box<Self>) -> io::Result<Vec<u8>> {
        (*self).finish()
    }
}

#[cfg(feature = "zstd")]
impl Encode for zstd::Encoder<'static, Vec<u8>> {
    fn compressed(&mut self) -> &mut Vec<u8> {
        self.get_mut()
    }

    fn finish(self: Box<Self>) -> io::Result<Vec<u8>> {
        (*self).finish()
    }
}

#[cfg(feature = "bzip2")]
impl Encode for bzip2::write::BzEncoder<Vec<u8>> {
    fn compressed(&mut self) -> &mut Vec<u8> {
        self.get_mut()
    }

    fn finish(self: Box<Self>) -> io::Result<Vec<u8>> {
        (*self).finish()
    }
}

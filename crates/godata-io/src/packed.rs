//! Compressed data, recognized by its first bytes.

use std::fmt;

/// The format of compressed data that was found where text was expected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Packed {
    /// Gzip (RFC 1952).
    Gzip,
    /// Zstandard (RFC 8878).
    Zstd,
    /// Bzip2.
    Bzip2,
    /// XZ, which can't be read.
    Xz,
    /// ZIP, which can't be read. Spreadsheets are ZIP files too.
    Zip,
}

impl Packed {
    /// How many bytes it takes to recognize each of them.
    pub(crate) const BYTES: usize = 10;

    /// Recognizes data by its first bytes. No text starts with them.
    pub(crate) fn of(bytes: &[u8]) -> Option<Self> {
        Some(match bytes {
            [0x1f, 0x8b, 8, ..] => Self::Gzip,
            [0x28, 0xb5, 0x2f, 0xfd, ..] => Self::Zstd,
            [b'B', b'Z', b'h', b'1'..=b'9', 0x31, 0x41, 0x59, 0x26, 0x53, 0x59, ..] => Self::Bzip2,
            [0xfd, b'7', b'z', b'X', b'Z', 0, ..] => Self::Xz,
            [b'P', b'K', 3, 4, ..] => Self::Zip,
            _ => return None,
        })
    }

    /// What to do with it.
    pub(crate) fn advice(self) -> &'static str {
        match self {
            Self::Gzip => "`Input::compression` with `Compression::Gzip` reads it",
            Self::Zstd => "`Input::compression` with `Compression::Zstd` reads it",
            Self::Bzip2 => "`Input::compression` with `Compression::Bzip2` reads it",
            Self::Xz => "decompress it first",
            Self::Zip => "unpack it first, or export the spreadsheet as CSV",
        }
    }
}

impl fmt::Display for Packed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Gzip => "gzip",
            Self::Zstd => "zstd",
            Self::Bzip2 => "bzip2",
            Self::Xz => "xz",
            Self::Zip => "zip",
        })
    }
}

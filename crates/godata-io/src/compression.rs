//! How files are compressed.

use std::fmt;
use std::path::Path;

/// How an input or an output is compressed.
///
/// What was compressed in several parts (members, frames, streams) is read as a whole. What does not decompress to
/// its end, and what follows on it that is not compressed, is an
/// [`IoError::Compressed`](crate::IoError::Compressed).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Compression {
    /// What the name of the file ends in decides, in small or capital letters: `.gz` is gzip, `.zst` zstd, `.bz2`
    /// bzip2, all else not compressed. Standard input and output and bytes in memory are not compressed.
    #[default]
    ByExtension,
    /// Not compressed.
    None,
    /// Gzip (RFC 1952); needs the feature `gzip`, on by default.
    Gzip,
    /// Zstandard (RFC 8878); needs the feature `zstd`, on by default.
    Zstd,
    /// Bzip2; needs the feature `bzip2`, on by default.
    Bzip2,
}

impl Compression {
    /// What this means for the file at `path`, or for what is no file: never [`ByExtension`](Self::ByExtension).
    pub(crate) fn of(self, path: Option<&Path>) -> Self {
        if self != Self::ByExtension {
            return self;
        }
        let extension = path.and_then(Path::extension).map(|extension| extension.to_ascii_lowercase());
        match extension.as_ref().and_then(|extension| extension.to_str()) {
            Some("gz") => Self::Gzip,
            Some("zst") => Self::Zstd,
            Some("bz2") => Self::Bzip2,
            _ => Self::None,
        }
    }
}

impl fmt::Display for Compression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ByExtension => "by extension",
            Self::None => "none",
            Self::Gzip => "gzip",
            Self::Zstd => "zstd",
            Self::Bzip2 => "bzip2",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_extension_decides() {
        let table = [
            ("a.csv", Compression::None),
            ("a.csv.gz", Compression::Gzip),
            ("a.GZ", Compression::Gzip),
            ("a.zst", Compression::Zstd),
            ("a.bz2", Compression::Bzip2),
            ("a.gz.csv", Compression::None),
            (".gz", Compression::None),
            ("gz", Compression::None),
        ];
        for (path, expected) in table {
            assert_eq!(Compression::ByExtension.of(Some(Path::new(path))), expected, "{path}");
            assert_eq!(Compression::Zstd.of(Some(Path::new(path))), Compression::Zstd);
        }
        assert_eq!(Compression::ByExtension.of(None), Compression::None);
    }
}

//! How files are compressed.

use std::fmt;
use std::path::Path;

/// How an input or an output is compressed.
///
/// A file that was compressed in several parts (members, frames or streams) is read as one. A part that does not
/// decompress to its end, and uncompressed data after a part, are an
/// [`IoError::Compressed`](crate::IoError::Compressed).
///
/// ```
/// use godata_io::{Compression, Input};
///
/// let by_name = Input::path("orders.csv.gz");
/// let explicit = Input::stdin().compression(Compression::Gzip);
/// # let _ = (by_name, explicit);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Compression {
    /// The end of the file's name decides, in upper or lower case: `.gz` is gzip, `.zst` zstd, `.bz2` bzip2, and
    /// anything else is not compressed. Standard input, standard output and bytes in memory are not compressed.
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
    /// What this means for the file at `path`, or for something that is not a file. Never returns
    /// [`ByExtension`](Self::ByExtension).
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

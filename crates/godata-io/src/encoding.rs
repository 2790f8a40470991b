//! How text is encoded.

use std::fmt;
use std::str::FromStr;

use crate::IoError;

/// How the text of an input is encoded: [`Utf8`](Self::Utf8), unless [`Input::encoding`](crate::Input::encoding) says
/// otherwise.
///
/// Besides UTF-8 and UTF-16, the encodings are those of the WHATWG's [Encoding Standard], which browsers implement.
/// They are parsed from their labels, in upper or lower case: `windows-1252`, `shift_jis`, `gbk`, `big5`, `euc-kr`,
/// `koi8-r`, `iso-8859-15`, `macintosh`. UTF-32 is not one of them.
///
/// A byte order mark at the start of a file is skipped. If it is the mark of another encoding, the file is refused with
/// [`IoError::Encoding`]. Bytes that are not a character are an [`IoError::Malformed`]; they are never read as U+FFFD.
///
/// ```
/// use godata_io::{Encoding, Input};
///
/// let export = Input::path("export.csv").encoding(Encoding::Utf16);
/// let orders = Input::glob("orders/*.csv.gz").encoding("shift_jis".parse()?);
///
/// assert_eq!("UTF-16".parse::<Encoding>()?, Encoding::Utf16);
/// assert_eq!("cp1252".parse::<Encoding>()?, Encoding::Latin1);
/// # let _ = (export, orders);
/// # Ok::<(), godata_io::IoError>(())
/// ```
///
/// [Encoding Standard]: https://encoding.spec.whatwg.org/#names-and-labels
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Encoding {
    /// UTF-8.
    #[default]
    Utf8,
    /// UTF-16, in the byte order of each file's byte order mark; little endian if a file has none.
    Utf16,
    /// UTF-16, little endian.
    Utf16Le,
    /// UTF-16, big endian.
    Utf16Be,
    /// Latin 1 as the Encoding Standard defines it, which is windows-1252: ISO 8859-1 with printable characters (`€`,
    /// `–`, `“`) instead of the control characters 0x80 to 0x9F. Text that is labeled `latin1` or `iso-8859-1` and has
    /// these bytes is almost always windows-1252.
    Latin1,
    /// Another encoding, parsed from its label.
    Other(OtherEncoding),
}

/// An encoding that was parsed from its label: `"shift_jis".parse::<Encoding>()`.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct OtherEncoding(&'static encoding_rs::Encoding);

impl Encoding {
    /// Whether a file of this encoding may start with the byte order mark of `marked`.
    pub(crate) fn allows(self, marked: &str) -> bool {
        match self {
            Self::Utf16 => matches!(marked, "UTF-16LE" | "UTF-16BE"),
            _ => self.name() == marked,
        }
    }

    /// The encoding to decode with if there is no byte order mark.
    pub(crate) fn decoding(self) -> &'static encoding_rs::Encoding {
        match self {
            Self::Utf8 => encoding_rs::UTF_8,
            Self::Utf16 | Self::Utf16Le => encoding_rs::UTF_16LE,
            Self::Utf16Be => encoding_rs::UTF_16BE,
            Self::Latin1 => encoding_rs::WINDOWS_1252,
            Self::Other(OtherEncoding(encoding)) => encoding,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Utf16 => "UTF-16",
            _ => self.decoding().name(),
        }
    }
}

impl FromStr for Encoding {
    type Err = IoError;

    /// The encoding with this label.
    ///
    /// # Errors
    ///
    /// [`IoError::UnknownEncoding`].
    fn from_str(label: &str) -> Result<Self, IoError> {
        let Some(encoding) = encoding_rs::Encoding::for_label_no_replacement(label.as_bytes()) else {
            return Err(IoError::UnknownEncoding { label: label.to_owned() });
        };
        Ok(match encoding.name() {
            "UTF-8" => Self::Utf8,
            // Labels without a byte order, such as `utf-16` and `ucs-2`, also belong to this encoding.
            "UTF-16LE" if label.trim().eq_ignore_ascii_case("utf-16le") => Self::Utf16Le,
            "UTF-16LE" => Self::Utf16,
            "UTF-16BE" => Self::Utf16Be,
            "windows-1252" => Self::Latin1,
            _ => Self::Other(OtherEncoding(encoding)),
        })
    }
}

/// The name, which is also a label.
impl fmt::Display for Encoding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl fmt::Debug for OtherEncoding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.name())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a panic fails the test")]
mod tests {
    use super::*;

    #[test]
    fn the_labels_of_the_standard_are_parsed() {
        let table = [
            ("utf8", Encoding::Utf8, "UTF-8"),
            ("utf-16", Encoding::Utf16, "UTF-16"),
            ("ucs-2", Encoding::Utf16, "UTF-16"),
            (" UTF-16le ", Encoding::Utf16Le, "UTF-16LE"),
            ("utf-16be", Encoding::Utf16Be, "UTF-16BE"),
            ("latin1", Encoding::Latin1, "windows-1252"),
            ("ISO-8859-1", Encoding::Latin1, "windows-1252"),
            ("ascii", Encoding::Latin1, "windows-1252"),
        ];
        for (label, encoding, name) in table {
            assert_eq!(label.parse::<Encoding>().unwrap(), encoding, "{label}");
            assert_eq!(encoding.to_string(), name);
            assert_eq!(name.parse::<Encoding>().unwrap(), encoding);
        }
        let other = "sjis".parse::<Encoding>().unwrap();
        assert_eq!(
            (other.to_string(), format!("{other:?}")),
            ("Shift_JIS".into(), "Other(Shift_JIS)".into())
        );
    }

    #[test]
    fn an_unknown_label_is_refused() {
        // The last one is a label in the standard, for an encoding that browsers do not read.
        for label in ["", "utf-32", "latin-1", "hz-gb-2312"] {
            let error = label.parse::<Encoding>().unwrap_err();
            assert!(matches!(&error, IoError::UnknownEncoding { label: given } if given == label), "{error}");
        }
    }
}

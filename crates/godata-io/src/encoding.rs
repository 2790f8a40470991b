//! How text is encoded.

use std::fmt;
use std::str::FromStr;

use crate::IoError;

/// How the text of an input is encoded: [`Utf8`](Self::Utf8), if [`Input::encoding`](crate::Input::encoding) does not
/// say otherwise.
///
/// Besides UTF-8 and UTF-16 these are the encodings of the [Encoding Standard] of the WHATWG, which is what browsers read. They
/// are made of their labels, in small or capital letters: `windows-1252`, `shift_jis`, `gbk`, `big5`, `euc-kr`, `koi8-r`,
/// `iso-8859-15`, `macintosh`. UTF-32 is not among them.
///
/// A file that begins with the byte order mark of an encoding is of that one: the mark is passed over, and where it
/// speaks of another encoding than this, the file is refused with [`IoError::Encoding`]. Bytes that are no character
/// are an [`IoError::Malformed`]; nothing is read as U+FFFD in their place.
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
    /// UTF-16, in the order that the byte order mark of each file says; little endian where there is none.
    Utf16,
    /// UTF-16, little endian.
    Utf16Le,
    /// UTF-16, big endian.
    Utf16Be,
    /// Latin 1 as the Encoding Standard has it, which is windows-1252: ISO 8859-1 with printed characters (`€`, `–`, `“`)
    /// in place of the control characters 0x80 to 0x9F. What calls itself `latin1` or `iso-8859-1` and has these
    /// bytes is windows-1252 almost always.
    Latin1,
    /// Another, made of its label.
    Other(OtherEncoding),
}

/// An encoding that is known by its label: `"shift_jis".parse::<Encoding>()`.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct OtherEncoding(&'static encoding_rs::Encoding);

impl Encoding {
    /// Whether a byte order mark of `marked` may begin a file of this encoding.
    pub(crate) fn allows(self, marked: &str) -> bool {
        match self {
            Self::Utf16 => matches!(marked, "UTF-16LE" | "UTF-16BE"),
            _ => self.name() == marked,
        }
    }

    /// What decodes it, where no byte order mark says more.
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

    /// The encoding of a label.
    ///
    /// # Errors
    /// [`IoError::UnknownEncoding`].
    fn from_str(label: &str) -> Result<Self, IoError> {
        let Some(encoding) = encoding_rs::Encoding::for_label_no_replacement(label.as_bytes()) else {
            return Err(IoError::UnknownEncoding { label: label.to_owned() });
        };
        Ok(match encoding.name() {
            "UTF-8" => Self::Utf8,
            // The labels that do not say an order, such as `utf-16` and `ucs-2`, are of this encoding, too.
            "UTF-16LE" if label.trim().eq_ignore_ascii_case("utf-16le") => Self::Utf16Le,
            "UTF-16LE" => Self::Utf16,
            "UTF-16BE" => Self::Utf16Be,
            "windows-1252" => Self::Latin1,
            _ => Self::Other(OtherEncoding(encoding)),
        })
    }
}

/// The name, which is a label, too.
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
#[allow(clippy::unwrap_used, reason = "a test fails by it")]
mod tests {
    use super::*;

    #[test]
    fn labels_are_those_of_the_standard() {
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
    fn a_label_that_is_none_is_refused() {
        // The last one is a label of the standard, for an encoding that browsers do not read.
        for label in ["", "utf-32", "latin-1", "hz-gb-2312"] {
            let error = label.parse::<Encoding>().unwrap_err();
            let expected =
                format!("`{label}` is not the label of an encoding, such as `utf-16` or `windows-1252`");
            assert_eq!(error.to_string(), expected);
        }
    }
}

//! Converting text of other encodings to UTF-8 while it is read.

use std::fmt;

use encoding_rs::DecoderResult;

use super::decompressed::Decompressed;
use crate::marks::mark;
use crate::{Encoding, IoError};

/// How many encoded bytes are read at once; longer than any byte order mark.
const CHUNK: usize = 64 << 10;

/// Room beyond the requested length. A character fits into it, so that each call makes progress.
const ROOM: usize = 16;

/// Converts text of an encoding to UTF-8.
pub(super) struct Transcoder {
    encoding: Encoding,
    /// `None` until the byte order mark was looked for.
    decoder: Option<encoding_rs::Decoder>,
    /// The bytes in `encoded[start..]` were read and not yet decoded.
    encoded: Vec<u8>,
    start: usize,
    /// The offset of these bytes in the file.
    offset: u64,
    /// Whether the file ends after these bytes.
    at_end: bool,
}

impl Transcoder {
    /// A transcoder for `encoding`; `None` for UTF-8.
    pub(super) fn of(encoding: Encoding) -> Option<Self> {
        let (encoded, decoder) = (Vec::new(), None);
        let new = Self { encoding, decoder, encoded, start: 0, offset: 0, at_end: false };
        (encoding != Encoding::Utf8).then_some(new)
    }

    /// Reads until `buffer` has at least `len` bytes or the file ends. Returns whether it ended.
    pub(super) fn fill(
        &mut self,
        file: &mut Decompressed,
        buffer: &mut Vec<u8>,
        len: usize,
    ) -> Result<bool, IoError> {
        buffer.reserve_exact((len + ROOM).saturating_sub(buffer.len()));
        while buffer.len() < len {
            if self.start == self.encoded.len() && !self.at_end {
                self.encoded.clear();
                self.start = 0;
                self.at_end = file.fill(&mut self.encoded, CHUNK)?;
            }
            if self.decode(file, buffer, len)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Decodes what was read, as far as it fits. Returns whether the file has ended.
    fn decode(&mut self, file: &Decompressed, buffer: &mut Vec<u8>, len: usize) -> Result<bool, IoError> {
        let decoder = match &mut self.decoder {
            Some(decoder) => decoder,
            None => {
                let (mark, encoding) = begin(self.encoding, &self.encoded, file)?;
                (self.start, self.offset) = (mark, mark as u64);
                self.decoder.insert(encoding.new_decoder_without_bom_handling())
            }
        };
        let encoded = &self.encoded[self.start..];
        let before = buffer.len();
        let most = decoder.max_utf8_buffer_length_without_replacement(encoded.len()).unwrap_or(usize::MAX);
        buffer.resize(before.saturating_add(most).min(len) + ROOM, 0);
        let (result, read, written) =
            decoder.decode_to_utf8_without_replacement(encoded, &mut buffer[before..], self.at_end);
        buffer.truncate(before + written);
        self.start += read;
        self.offset += read as u64;
        match result {
            DecoderResult::InputEmpty => Ok(self.at_end),
            DecoderResult::OutputFull => Ok(false),
            DecoderResult::Malformed(bytes, after) => Err(IoError::Malformed {
                path: file.path(),
                encoding: decoder.encoding().name(),
                offset: self.offset - u64::from(bytes) - u64::from(after),
            }),
        }
    }
}

/// The length of the byte order mark at the start of a file, and the encoding of the rest.
fn begin(
    expected: Encoding,
    bytes: &[u8],
    file: &Decompressed,
) -> Result<(usize, &'static encoding_rs::Encoding), IoError> {
    let Some((len, found)) = mark(bytes) else { return Ok((0, expected.decoding())) };
    match encoding_rs::Encoding::for_bom(bytes) {
        Some((encoding, _)) if expected.allows(found) => Ok((len, encoding)),
        _ => Err(IoError::Encoding { path: file.path(), found, expected }),
    }
}

impl fmt::Debug for Transcoder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Transcoder").field("encoding", &self.encoding).finish_non_exhaustive()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a panic fails the test")]
mod tests {
    use std::sync::Arc;

    use proptest::prelude::*;

    use super::*;
    use crate::Compression;
    use crate::input::content::Source;
    use crate::input::listing::Listed;

    const LABELS: [&str; 8] =
        ["utf-16", "utf-16be", "latin1", "shift_jis", "gbk", "gb18030", "iso-2022-jp", "euc-kr"];

    /// The whole text, where each call of `fill` asks for `step` bytes more.
    fn transcoded(encoding: Encoding, bytes: &[u8], step: usize) -> Result<String, String> {
        let source = Source::Bytes("in".into(), Arc::new(bytes.to_vec()));
        let mut file = Decompressed::open(&Listed::new(source, None), Compression::None).unwrap();
        let mut transcoder = Transcoder::of(encoding).unwrap();
        let mut text = Vec::new();
        loop {
            let len = text.len() + step;
            let at_end = transcoder.fill(&mut file, &mut text, len).map_err(|error| error.to_string())?;
            assert!(at_end || text.len() >= len, "fewer bytes than requested come only at the end");
            assert!(text.len() <= len + ROOM, "hardly more bytes come than requested");
            if at_end {
                return Ok(String::from_utf8(text).unwrap());
            }
        }
    }

    /// The whole text, decoded at once; or the error for the first bytes that are not a character.
    fn decoded(encoding: Encoding, bytes: &[u8]) -> Result<String, String> {
        let mark = mark(bytes).filter(|(_, found)| encoding.allows(found));
        let (start, decoding) = match mark {
            Some((len, "UTF-16BE")) => (len, encoding_rs::UTF_16BE),
            Some((len, _)) => (len, encoding_rs::UTF_16LE),
            None => (0, encoding.decoding()),
        };
        let mut text = vec![0; 4 * bytes.len() + ROOM];
        let mut decoder = decoding.new_decoder_without_bom_handling();
        let (result, read, written) =
            decoder.decode_to_utf8_without_replacement(&bytes[start..], &mut text, true);
        text.truncate(written);
        if let DecoderResult::Malformed(len, after) = result {
            let offset = start + read - usize::from(len) - usize::from(after);
            let name = decoding.name();
            return Err(malformed(name, offset as u64));
        }
        Ok(String::from_utf8(text).unwrap())
    }

    fn malformed(encoding: &str, offset: u64) -> String {
        format!("`in` is not valid {encoding} text: the bytes at offset {offset} are not a character")
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn any_bytes_give_the_same_text_or_error_as_decoded_at_once(
            label in prop::sample::select(&LABELS[..]),
            // Few values, so that byte order marks, surrogates and escapes are likely.
            bytes in prop_oneof![
                prop::collection::vec(any::<u8>(), 0..40),
                prop::collection::vec(prop::sample::select(&b"\xff\xfe\xd8\xdc\x81\x30\x1b$Ba\0"[..]), 0..40),
            ],
            step in 1usize..40,
            before_cut in prop::option::of(0usize..40),
        ) {
            let encoding: Encoding = label.parse().unwrap();
            // The bytes lie around the end of a chunk.
            let filled = before_cut.map_or(0, |before| CHUNK - before);
            let unit: &[u8] = match encoding {
                Encoding::Utf16 => b"a\0",
                Encoding::Utf16Be => b"\0a",
                _ => b"a",
            };
            let mut all = unit.repeat(filled / unit.len());
            all.extend(bytes);
            let step = if filled == 0 { step } else { 1000 * step };
            let refused = mark(&all).is_some_and(|(_, found)| !encoding.allows(found));
            let found = transcoded(encoding, &all, step);
            if refused {
                prop_assert!(found.unwrap_err().contains("has the byte order mark of"));
            } else {
                prop_assert_eq!(found, decoded(encoding, &all));
            }
        }
    }

    #[test]
    fn malformed_bytes_are_reported_with_their_offset() {
        let table: [(&str, &[u8], &str, u64); 7] = [
            ("utf-16", b"a\0b", "UTF-16LE", 2),
            ("utf-16", b"\xff\xfea\0\0\xd8a\0", "UTF-16LE", 4),
            ("utf-16", b"\xfe\xff\0a\xdc\0", "UTF-16BE", 4),
            ("utf-16be", b"\0a\xd8\0", "UTF-16BE", 2),
            ("shift_jis", b"a\x82", "Shift_JIS", 1),
            ("gbk", b"a\xff", "GBK", 1),
            ("iso-8859-7", b"a\xd2b", "ISO-8859-7", 1),
        ];
        for (label, bytes, name, offset) in table {
            assert_eq!(transcoded(label.parse().unwrap(), bytes, 9), Err(malformed(name, offset)));
        }
    }

    #[test]
    fn latin_1_is_read_as_windows_1252() {
        let text = transcoded(Encoding::Latin1, b"\x80\x96\xa4\xe9\xff", 9).unwrap();
        assert_eq!(text, "\u{20ac}\u{2013}\u{a4}\u{e9}\u{ff}");
        // The standard fills the five gaps with the control characters of ISO 8859-1.
        let text = transcoded(Encoding::Latin1, b"\x81\x8d\x8f\x90\x9d", 9).unwrap();
        assert_eq!(text, "\u{81}\u{8d}\u{8f}\u{90}\u{9d}");
    }

    #[test]
    fn the_byte_order_mark_of_another_encoding_is_refused() {
        let table: [(Encoding, &[u8], &str); 4] = [
            (Encoding::Utf16Be, b"\xff\xfea\0", "the byte order mark of UTF-16LE, but is read as UTF-16BE"),
            (Encoding::Utf16, b"\xef\xbb\xbfa", "the byte order mark of UTF-8, but is read as UTF-16"),
            (Encoding::Utf16, b"\xff\xfe\0\0", "the byte order mark of UTF-32LE, but is read as UTF-16"),
            (Encoding::Latin1, b"\xef\xbb\xbfa", "the byte order mark of UTF-8, but is read as windows-1252"),
        ];
        for (encoding, bytes, expected) in table {
            let error = transcoded(encoding, bytes, 9).unwrap_err();
            assert!(error.starts_with(&format!("`in` has {expected}; ")), "{error}");
        }
    }
}

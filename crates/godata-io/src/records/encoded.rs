//! A batch as the bytes of its records.

use std::ops::Range;

/// A batch as the bytes of its records, made on a worker by [`Output::encode`](crate::Output::encode).
///
/// The records that belong to one file stand together, in the order of the batch.
#[derive(Debug)]
pub struct Encoded<B = ()> {
    batch: B,
    bytes: Vec<u8>,
    parts: Vec<Part>,
    /// Where each record ends in the bytes, if anybody needs to know.
    ends: Option<Vec<usize>>,
    /// Which of the fields that say the file at least one of the records has.
    present: Vec<bool>,
}

/// The records for one file.
#[derive(Debug)]
pub(super) struct Part {
    /// The values that say which; empty if there is but one.
    pub(super) key: Box<str>,
    /// Which of all records they are.
    pub(super) records: Range<usize>,
    pub(super) bytes: Range<usize>,
}

impl Encoded {
    /// Without records, to be written to `bytes`.
    pub(super) fn new(bytes: Vec<u8>, keeps_ends: bool) -> Self {
        Self { batch: (), bytes, parts: Vec::new(), ends: keeps_ends.then(Vec::new), present: Vec::new() }
    }

    /// Adds what the format keeps of the batch.
    #[must_use]
    pub fn with<B>(self, batch: B) -> Encoded<B> {
        Encoded { batch, bytes: self.bytes, parts: self.parts, ends: self.ends, present: self.present }
    }
}

impl<B> Encoded<B> {
    /// What the format keeps of the batch.
    pub fn batch(&self) -> &B {
        &self.batch
    }

    /// Writes each record anew, to `out`: `write` is given the bytes from the begin of a record on, and says
    /// how many the record had. Gives back the old bytes.
    ///
    /// # Errors
    /// What `write` returns; the records are as they were then.
    pub fn rewrite<E>(
        &mut self,
        mut out: Vec<u8>,
        mut write: impl FnMut(&[u8], &mut Vec<u8>) -> Result<usize, E>,
    ) -> Result<Vec<u8>, E> {
        let mut ends = Vec::new();
        let mut parts = Vec::with_capacity(self.parts.len());
        for part in &self.parts {
            let (mut at, start) = (part.bytes.start, out.len());
            for _ in part.records.clone() {
                at += write(&self.bytes[at..part.bytes.end], &mut out)?;
                if self.ends.is_some() {
                    ends.push(out.len());
                }
            }
            parts.push(start..out.len());
        }
        for (part, bytes) in self.parts.iter_mut().zip(parts) {
            part.bytes = bytes;
        }
        if let Some(old) = &mut self.ends {
            *old = ends;
        }
        Ok(std::mem::replace(&mut self.bytes, out))
    }

    /// The bytes, to write the next record to their end.
    pub(super) fn buffer(&mut self) -> &mut Vec<u8> {
        &mut self.bytes
    }

    /// Ends the record that was written.
    pub(super) fn end_record(&mut self) {
        if let Some(ends) = &mut self.ends {
            ends.push(self.bytes.len());
        }
    }

    /// Ends the records for one file, of which there are so many.
    pub(super) fn end_part(&mut self, key: Box<str>, records: usize) {
        let (record, byte) = self.parts.last().map_or((0, 0), |part| (part.records.end, part.bytes.end));
        if records > 0 {
            let (records, bytes) = (record..record + records, byte..self.bytes.len());
            self.parts.push(Part { key, records, bytes });
        }
    }

    pub(super) fn set_present(&mut self, present: Vec<bool>) {
        self.present = present;
    }

    pub(super) fn present(&self) -> &[bool] {
        &self.present
    }

    pub(super) fn parts(&self) -> &[Part] {
        &self.parts
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Where some records end; `None` if that is not known.
    pub(super) fn ends(&self, records: Range<usize>) -> Option<&[usize]> {
        self.ends.as_ref()?.get(records)
    }

    pub(super) fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_can_be_written_anew() {
        let mut encoded = Encoded::new(Vec::new(), true);
        for (key, records) in [("a", &["1,", "22,"][..]), ("b", &["3,"]), ("c", &[])] {
            for record in records {
                encoded.buffer().extend_from_slice(record.as_bytes());
                encoded.end_record();
            }
            encoded.end_part(key.into(), records.len());
        }
        let double = |bytes: &[u8], out: &mut Vec<u8>| {
            let len = bytes.iter().position(|&byte| byte == b',').ok_or("no comma")? + 1;
            out.extend_from_slice(&bytes[..len].repeat(2));
            Ok::<_, &str>(len)
        };
        assert_eq!(encoded.rewrite(Vec::new(), double), Ok(b"1,22,3,".to_vec()));
        assert_eq!(encoded.bytes(), b"1,1,22,22,3,3,");
        let parts: Vec<_> = encoded.parts().iter().map(|part| (&*part.key, part.bytes.clone())).collect();
        assert_eq!(parts, [("a", 0..10), ("b", 10..14)]);
        assert_eq!(encoded.ends(0..3), Some(&[4, 10, 14][..]));
    }
}

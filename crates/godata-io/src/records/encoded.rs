//! Encoded batches.

use std::ops::Range;

/// An encoded batch: the bytes of its records, made on a worker by [`Output::encode`](crate::Output::encode).
///
/// The records of one file are next to each other, in the order of the batch. [`FileFormat`](crate::FileFormat) has an
/// example.
#[derive(Clone, Debug)]
pub struct Encoded<B = ()> {
    batch: B,
    bytes: Vec<u8>,
    parts: Vec<Part>,
    /// Where each record ends in the bytes; `None` if that is not needed.
    ends: Option<Vec<usize>>,
    /// For each partition field, whether at least one record has it.
    present: Vec<bool>,
}

/// The records for one file.
#[derive(Clone, Debug)]
pub(super) struct Part {
    /// The values of the partition fields; empty if there is only one file.
    pub(super) key: Box<str>,
    /// The positions among all records.
    pub(super) records: Range<usize>,
    pub(super) bytes: Range<usize>,
}

impl Encoded {
    /// An empty batch that will be written to `bytes`.
    pub(super) fn new(bytes: Vec<u8>, keeps_ends: bool) -> Self {
        Self { batch: (), bytes, parts: Vec::new(), ends: keeps_ends.then(Vec::new), present: Vec::new() }
    }

    /// Attaches what the format needs to know about the batch, its [`FileFormat::Batch`](crate::FileFormat::Batch).
    #[must_use]
    pub fn with<B>(self, batch: B) -> Encoded<B> {
        Encoded { batch, bytes: self.bytes, parts: self.parts, ends: self.ends, present: self.present }
    }
}

impl<B> Encoded<B> {
    /// What the format attached to the batch.
    pub fn batch(&self) -> &B {
        &self.batch
    }

    /// Writes each record again, to `out`, and returns the old bytes. `write` gets the bytes that start with a record,
    /// writes the new record, and returns the length of the old one.
    ///
    /// # Errors
    ///
    /// The errors of `write`. The records are unchanged then.
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

    /// The bytes, to append the next record.
    pub(super) fn buffer(&mut self) -> &mut Vec<u8> {
        &mut self.bytes
    }

    /// Ends a record.
    pub(super) fn end_record(&mut self) {
        if let Some(ends) = &mut self.ends {
            ends.push(self.bytes.len());
        }
    }

    /// Ends the records for one file.
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

    /// Where some of the records end; `None` if that is not known.
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
    fn records_can_be_rewritten() {
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

//! Rows that become one batch.

use std::sync::Arc;

use super::parts::Parts;
use crate::bytes::{Bytes, put_bytes};

/// Rows that become one batch.
#[derive(Debug)]
pub(crate) enum Piece {
    Copied(Payloads),
    /// A part of rows in memory, which is merged where the batch is made.
    Part(Arc<Parts>, usize),
}

/// The payloads of rows, one after the other.
#[derive(Debug, Default)]
pub(crate) struct Payloads {
    bytes: Vec<u8>,
    len: usize,
}

impl Piece {
    /// The payloads, in order.
    pub(super) fn payloads(&self) -> Vec<&[u8]> {
        match self {
            Self::Copied(payloads) => payloads.iter().collect(),
            Self::Part(parts, part) => parts.payloads(*part),
        }
    }
}

impl Payloads {
    pub(super) fn push(&mut self, payload: &[u8]) {
        put_bytes(payload, &mut self.bytes);
        self.len += 1;
    }

    pub(super) fn iter(&self) -> impl ExactSizeIterator<Item = &[u8]> {
        let mut bytes = Bytes(&self.bytes);
        // It reads what was put.
        (0..self.len).map(move |_| bytes.bytes().unwrap_or_default())
    }

    /// Forgets all, and keeps the memory.
    pub(super) fn clear(&mut self) {
        self.bytes.clear();
        self.len = 0;
    }

    pub(super) fn len(&self) -> usize {
        self.len
    }

    pub(super) fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Whether they are enough for a batch.
    pub(super) fn is_full(&self) -> bool {
        Self::are_enough(self.len, self.bytes.len())
    }

    /// Whether this number of records, with this number of bytes, makes a batch.
    pub(super) fn are_enough(records: usize, bytes: usize) -> bool {
        records >= 8192 || bytes >= 256 << 10
    }
}

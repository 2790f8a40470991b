//! Records as bytes, with the places that they came from.

use std::sync::{Arc, Mutex, PoisonError};

use godata_core::{BoxError, debug_as_chain};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::fields_seen::{FieldsSeen, NeverThere};
use super::places::{PlaceWriter, Sources, read_place};
use crate::bytes::{Bytes, Damaged, put_bytes};
use crate::records::RowCodec;
use crate::{Batch, Chunk, Origin, Place, Records, Unit, Work};

/// A batch whose records can be kept as bytes.
pub(crate) trait Kept: Batch + Default {
    type Codec: Codec<Self>;

    /// A batch without records, which has the same names.
    fn without_records(&self) -> Self;
}

/// Converts records to bytes and back.
pub(crate) trait Codec<B>: Default + Send + Sync + 'static {
    /// What [`write`](Self::write) needs to know about the batch.
    fn layout(&self, batch: &B) -> u64;

    /// Appends a record. `memory` is reused.
    fn write(
        &self,
        layout: u64,
        batch: &B,
        index: usize,
        memory: &mut Vec<u8>,
        out: &mut Vec<u8>,
    ) -> Result<(), BoxError>;

    /// The batch of these records.
    fn read<'a>(&self, rows: impl Iterator<Item = &'a [u8]> + Clone, work: &Work) -> Result<B, BoxError>;
}

impl Kept for Records {
    type Codec = RowCodec;

    fn without_records(&self) -> Self {
        self.without_rows()
    }
}

impl Codec<Records> for RowCodec {
    fn layout(&self, batch: &Records) -> u64 {
        Self::layout(self, batch)
    }

    fn write(
        &self,
        layout: u64,
        batch: &Records,
        index: usize,
        memory: &mut Vec<u8>,
        out: &mut Vec<u8>,
    ) -> Result<(), BoxError> {
        Self::write(layout, batch, index, memory, out);
        Ok(())
    }

    fn read<'a>(
        &self,
        rows: impl Iterator<Item = &'a [u8]> + Clone,
        work: &Work,
    ) -> Result<Records, BoxError> {
        Ok(Self::read(self, rows, work.records())?)
    }
}

impl<T: Serialize + DeserializeOwned + Send + 'static> Kept for Vec<T> {
    type Codec = Serde;

    fn without_records(&self) -> Self {
        Self::new()
    }
}

/// Keeps values through serde, as MessagePack with the names of the fields, so that a value reads back as serde wrote it.
#[derive(Debug, Default)]
pub(crate) struct Serde;

/// A value can't be kept as bytes.
#[derive(thiserror::Error)]
#[error("can't keep a record as bytes; its type must read with serde what it wrote")]
struct NotKept(#[source] BoxError);

debug_as_chain!(NotKept);

impl<T: Serialize + DeserializeOwned> Codec<Vec<T>> for Serde {
    fn layout(&self, _: &Vec<T>) -> u64 {
        0
    }

    fn write(
        &self,
        _: u64,
        batch: &Vec<T>,
        index: usize,
        _: &mut Vec<u8>,
        out: &mut Vec<u8>,
    ) -> Result<(), BoxError> {
        let Some(value) = batch.get(index) else { return Ok(()) };
        let mut serializer = rmp_serde::Serializer::new(out).with_struct_map();
        Ok(value.serialize(&mut serializer).map_err(|error| NotKept(error.into()))?)
    }

    fn read<'a>(&self, rows: impl Iterator<Item = &'a [u8]>, _: &Work) -> Result<Vec<T>, BoxError> {
        let read = |row| rmp_serde::from_slice(row).map_err(|error| NotKept(error.into()));
        Ok(rows.map(read).collect::<Result<_, _>>()?)
    }
}

/// Converts records to bytes, with their places, and back.
pub(crate) struct Store<B: Kept> {
    codec: B::Codec,
    sources: Sources,
    empty: Mutex<Empty<B>>,
    fields: FieldsSeen,
}

/// A batch without records, by which an output knows the names of the fields even if no record follows.
#[derive(Default)]
enum Empty<B> {
    #[default]
    Unknown,
    Known(B),
    Taken,
}

impl<B: Kept> Default for Store<B> {
    fn default() -> Self {
        Self {
            codec: B::Codec::default(),
            sources: Sources::default(),
            empty: Mutex::default(),
            fields: FieldsSeen::default(),
        }
    }
}

/// Passes on a batch without records.
pub(super) fn empty_unit<B: Batch>(batch: B) -> Unit<B> {
    Unit::ready(Chunk::new(batch, Origin::default()))
}

/// Appends the records of one chunk.
pub(crate) struct StoreWriter<'a, B: Kept> {
    codec: &'a B::Codec,
    places: PlaceWriter<'a>,
    layout: u64,
    payload: Vec<u8>,
    memory: Vec<u8>,
}

impl<B: Kept> Store<B> {
    pub(crate) fn writer(&self, batch: &B) -> StoreWriter<'_, B> {
        let mut empty = self.empty.lock().unwrap_or_else(PoisonError::into_inner);
        if matches!(*empty, Empty::Unknown) {
            *empty = Empty::Known(batch.without_records());
        }
        drop(empty);
        let places = PlaceWriter::new(&self.sources);
        StoreWriter {
            codec: &self.codec,
            places,
            layout: self.codec.layout(batch),
            payload: Vec::new(),
            memory: Vec::new(),
        }
    }

    /// Notes which fields none of the records of a batch has.
    pub(super) fn note_missing(&self, chunk: &Chunk<B>, missing: Vec<Arc<str>>) {
        if !chunk.is_empty() {
            self.fields.note(missing);
        }
    }

    /// Fails if there is a field that no record had.
    pub(super) fn check_fields(&self) -> Result<(), NeverThere> {
        self.fields.check()
    }

    /// A batch without records, once a batch has come; `None` from the second time on. A step that keeps its records passes it on
    /// at once.
    pub(super) fn take_empty(&self) -> Option<B> {
        let mut empty = self.empty.lock().unwrap_or_else(PoisonError::into_inner);
        match std::mem::replace(&mut *empty, Empty::Taken) {
            Empty::Known(batch) => Some(batch),
            Empty::Unknown | Empty::Taken => None,
        }
    }

    pub(super) fn sources(&self) -> &Sources {
        &self.sources
    }

    /// The records of a piece.
    pub(crate) fn read(&self, piece: &Piece, work: &Work) -> Result<Chunk<B>, BoxError> {
        let (batch, origin) = self.read_all(piece.rows(), work)?;
        Ok(Chunk::new(batch, origin))
    }

    pub(super) fn codec(&self) -> &B::Codec {
        &self.codec
    }

    /// The place of a record.
    pub(super) fn place(&self, payload: &[u8]) -> Result<Place, Damaged> {
        Ok(self.sources.read(vec![read_place(&mut Bytes(payload))?]).place(0))
    }

    /// Some records and their origin.
    pub(super) fn read_all<'a>(
        &self,
        payloads: impl Iterator<Item = &'a [u8]>,
        work: &Work,
    ) -> Result<(B, Origin), BoxError> {
        let (mut places, mut rows) = (Vec::new(), Vec::new());
        for payload in payloads {
            let mut row = Bytes(payload);
            places.push(read_place(&mut row)?);
            rows.push(row.0);
        }
        Ok((self.codec.read(rows.into_iter(), work)?, Origin::of_places(self.sources.read(places))))
    }

    /// One record, without its place.
    pub(crate) fn read_one(&self, payload: &[u8], work: &Work) -> Result<B, BoxError> {
        self.codec.read(std::iter::once(without_place(payload)?), work)
    }

    /// Makes a piece into a batch, on the worker of the next step.
    pub(crate) fn unit(self: &Arc<Self>, piece: Piece) -> Unit<B> {
        let store = Arc::clone(self);
        Unit::new(move |work| Ok(store.read(&piece, work)?))
    }
}

impl<B: Kept> StoreWriter<'_, B> {
    /// Appends the record at `index` and its place, after their length.
    pub(crate) fn write(
        &mut self,
        chunk: &Chunk<B>,
        index: usize,
        out: &mut Vec<u8>,
    ) -> Result<(), BoxError> {
        self.payload.clear();
        self.places.write(&chunk.place(index), &mut self.payload);
        self.codec.write(self.layout, chunk.batch(), index, &mut self.memory, &mut self.payload)?;
        put_bytes(&self.payload, out);
        Ok(())
    }
}

/// A record without its place.
pub(super) fn without_place(payload: &[u8]) -> Result<&[u8], Damaged> {
    let mut bytes = Bytes(payload);
    read_place(&mut bytes)?;
    Ok(bytes.0)
}

/// Records as bytes that become one batch.
#[derive(Debug, Default)]
pub(crate) struct Piece {
    bytes: Vec<u8>,
    len: usize,
}

impl Piece {
    pub(crate) fn push(&mut self, payload: &[u8]) {
        put_bytes(payload, &mut self.bytes);
        self.len += 1;
    }

    pub(crate) fn rows(&self) -> impl Iterator<Item = &[u8]> {
        let mut bytes = Bytes(&self.bytes);
        // It reads what was put.
        std::iter::from_fn(move || bytes.bytes().ok())
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Whether it is large enough for a batch.
    pub(crate) fn is_full(&self) -> bool {
        Self::is_enough(self.len, self.bytes.len())
    }

    /// Whether this number of records, with this number of bytes, makes a batch.
    pub(super) fn is_enough(records: usize, bytes: usize) -> bool {
        records >= 8192 || bytes >= 256 << 10
    }
}

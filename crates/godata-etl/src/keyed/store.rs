//! Records as bytes, with the places that they came from.

use std::sync::{Arc, Mutex, PoisonError};

use godata_core::{BoxError, debug_as_chain};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::block::Block;
use super::block_memory::BlockMemory;
use super::fields_seen::{FieldsSeen, NeverThere};
use super::key_of::{KeyOf, each_key};
use super::memory::Memory;
use super::merging::Merging;
use super::piece::Piece;
use super::places::{PlaceWriter, Sources, read_place};
use super::sorter::Sorter;
use super::unsorted::Unsorted;
use crate::bytes::{Bytes, Damaged, put_sized};
use crate::records::RowCodec;
use crate::{Batch, Chunk, Origin, Place, Records, Stop, Unit, Work};

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
    blocks: Arc<BlockMemory>,
    merging: Arc<Merging>,
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
            blocks: Arc::default(),
            merging: Arc::default(),
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
        StoreWriter { codec: &self.codec, places, layout: self.codec.layout(batch), memory: Vec::new() }
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

    /// Memory to sort rows in, for [`sort`](Self::sort).
    pub(super) fn unsorted(&self) -> Unsorted {
        self.blocks.take_unsorted()
    }

    /// A sorter whose blocks are merged by whoever [sorts](Self::sort) rows.
    pub(super) fn sorter(&self, memory: Memory, limit: u64) -> Sorter {
        Sorter::with_limit(memory, limit).with_merging(Arc::clone(&self.merging), Arc::clone(&self.blocks))
    }

    /// Sorts rows, and takes the first `limit` of them. `count` is how many came.
    pub(super) fn sort(&self, mut rows: Unsorted, count: usize, limit: u64) -> Block {
        self.merging.help();
        let block = rows.sort(count, limit, &self.blocks);
        self.blocks.put_unsorted(rows);
        block
    }

    /// The records of a batch as a sorted block of up to `limit` rows. `goes_in` tells which ones, by whether each part of the
    /// key has a value.
    pub(super) fn block<K: KeyOf<B>>(
        &self,
        key: &K,
        chunk: &Chunk<B>,
        goes_in: impl Fn(bool) -> bool,
        limit: u64,
        work: &mut Work,
    ) -> Result<Block, Stop> {
        let (mut rows, mut writer) = (self.unsorted(), self.writer(chunk.batch()));
        each_key(key, chunk, work, |index, key, is_whole| {
            let write = |out: &mut Vec<u8>| writer.write(chunk, index, out);
            if goes_in(is_whole) { rows.push(index, key, write) } else { Ok(()) }
        })?;
        Ok(self.sort(rows, chunk.len(), limit))
    }

    pub(super) fn sources(&self) -> &Sources {
        &self.sources
    }

    /// The batch of these records.
    pub(super) fn read<'a>(
        &self,
        payloads: impl Iterator<Item = &'a [u8]>,
        work: &Work,
    ) -> Result<Chunk<B>, BoxError> {
        let (batch, origin) = self.read_all(payloads, work)?;
        Ok(Chunk::new(batch, origin))
    }

    pub(super) fn codec(&self) -> &B::Codec {
        &self.codec
    }

    /// The place of a record.
    pub(super) fn place(&self, payload: &[u8]) -> Result<Place, Damaged> {
        Ok(Origin::of_places(self.sources.read(vec![read_place(&mut Bytes(payload))?])).place(0))
    }

    /// Some records and their origin.
    pub(super) fn read_all<'a>(
        &self,
        payloads: impl Iterator<Item = &'a [u8]>,
        work: &Work,
    ) -> Result<(B, Origin), BoxError> {
        let (least, _) = payloads.size_hint();
        let (mut places, mut rows) = (Vec::with_capacity(least), Vec::with_capacity(least));
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
        Unit::new(move |work| Ok(store.read(piece.payloads().into_iter(), work)?))
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
        put_sized(out, |out| {
            self.places.write(&chunk.origin, chunk.row(index), out);
            self.codec.write(self.layout, chunk.batch(), index, &mut self.memory, out)
        })
    }
}

/// A record without its place.
pub(super) fn without_place(payload: &[u8]) -> Result<&[u8], Damaged> {
    let mut bytes = Bytes(payload);
    read_place(&mut bytes)?;
    Ok(bytes.0)
}

//! What a pipeline does with a record that can't be processed.

use std::fmt;
use std::sync::Arc;

use godata_core::{BoxError, RunContext};

use crate::engine::{DeadLetters, erased};
use crate::{Records, Rejected, Writer};

/// What a pipeline does with a record that can't be processed, for
/// [`PipelineBuilder::on_error`](crate::PipelineBuilder::on_error). Without it, the first such record fails the run.
///
/// A record is rejected if a decoder, a step that works record by record, or an encoder returns an error for it, or if a
/// [`RowSink`](crate::RowSink) refuses it. It is
/// then in no later stage; the other records keep their order and their places. Each rejection is counted in the
/// [`RunReport`], and every [`PipelineHook`] is called with it.
///
/// These errors always fail the run:
///
/// * An error that is not about one record: an input that can't be opened, a name that no record has, an error of `map_batch`,
///   an error that `try_read_iter` or `try_read_stream` yields, a failed write.
/// * An error with [`Transient`] or [`Canceled`] in its chain, unless a [`Permanent`] comes first: a service that is down is not
///   the fault of the record. An [`io::Error`](std::io::Error) about a connection counts as one, such as a refused connection or
///   a timeout.
/// * A panic.
///
/// ```
/// use godata_etl::{Limit, OnError, Pipeline, RunContext};
///
/// let pipeline = Pipeline::builder("numbers")
///     .on_error(OnError::skip(Limit::records(10)))
///     .read_vec(vec!["1", "x", "3"])
///     .try_map(|text| Ok(text.parse::<u32>()?))
///     .write_fn(|_cx, numbers| async move {
///         assert_eq!(numbers, [1, 3]);
///         Ok(())
///     })?;
/// let report = pipeline.run_blocking(&RunContext::new())?;
/// assert_eq!((report.rejected(), report.written.records), (1, 2));
/// assert_eq!(report.rejections[0].to_string(), "step[0] (try_map) rejected record 2");
/// # Ok::<(), godata_etl::BoxError>(())
/// ```
///
/// [`Canceled`]: crate::Canceled
/// [`Permanent`]: crate::Permanent
/// [`PipelineHook`]: crate::PipelineHook
/// [`RunReport`]: crate::RunReport
/// [`Transient`]: crate::Transient
#[derive(Clone, Default)]
pub struct OnError {
    /// `None` fails the run at the first bad record.
    pub(crate) limit: Option<Limit>,
    /// The output of dead letters; `None` if rejected records are skipped.
    pub(crate) letters: Option<Arc<dyn DeadLetters>>,
    when: Option<When>,
}

type When = Arc<dyn Fn(&Rejected) -> bool + Send + Sync>;

impl OnError {
    /// Fails the run at the first record that can't be processed. This is the default.
    #[must_use]
    pub fn fail() -> Self {
        Self::default()
    }

    /// Leaves the record out. The run fails once more are rejected than `limit` allows.
    #[must_use]
    pub fn skip(limit: Limit) -> Self {
        Self { limit: Some(limit), ..Self::default() }
    }

    /// Leaves the record out, and writes a dead letter for it: a dynamic record that says what it was, where it was and
    /// what was wrong with it. The run fails once more are rejected than `limit` allows. `writer` can be that of any
    /// format, or your own.
    ///
    /// | field | |
    /// |---|---|
    /// | `pipeline`, `run_id`, `attempt` | the run |
    /// | `time` | when it was rejected, in RFC 3339 |
    /// | `stage`, `step` | the stage, such as `read` or `step[2] (cast)`, and the index of the step |
    /// | `file`, `record`, `line`, `byte` | the [`Place`](crate::Place) of the record |
    /// | `column`, `kind` | the column, and the kind of fault; see [`RejectKind`](crate::RejectKind) |
    /// | `error` | the error with all its causes |
    /// | `raw` | the record as it was read, line end included |
    /// | `raw_hex` | the same bytes in hexadecimal digits, instead of `raw`, if they are not UTF-8 or contain a NUL |
    /// | `header` | the header of its file, with which it can be read again |
    ///
    /// A field that is not known is null. Readers without bytes, such as `read_iter`, have no `raw` and no `byte`. A record of
    /// over 16 MiB, or of which only the beginning was read, has no `raw`.
    ///
    /// The letters are in the order of the records. They become visible just before the output. If the run fails before
    /// that, there are none; if it is the output that can't be made visible, they stay. A letter that can't be written
    /// fails the run. A [`collect`](crate::Flow::collect) writes none.
    ///
    /// A file of letters is replaced as any output is: each run that succeeds replaces the letters of the run before, also
    /// if it rejects no record. To keep them, append to the file, or give each run its own with
    /// [`dead_letter_with`](Self::dead_letter_with).
    ///
    /// ```
    /// use godata_etl::{Limit, OnError, Pipeline, RunContext};
    /// # mod jsonl {
    /// #     use godata_etl::{BoxError, Chunk, Records, RunScope, Sink, Stop, Work, Writer};
    /// #     pub fn write(_: &str) -> impl Writer<Records> { Letters }
    /// #     struct Letters;
    /// #     impl Writer<Records> for Letters {
    /// #         type Encoded = Records;
    /// #         type Sink = Self;
    /// #         async fn open(&self, _: &RunScope) -> Result<Self, BoxError> { Ok(Self) }
    /// #         fn encode(&self, chunk: Chunk<Records>, _: &mut Work) -> Result<Records, Stop> {
    /// #             Ok(chunk.into_batch())
    /// #         }
    /// #     }
    /// #     impl Sink<Records> for Letters {
    /// #         async fn write(&mut self, letters: Records) -> Result<(), BoxError> {
    /// #             let letter = letters.row(0).ok_or("no letter")?;
    /// #             assert_eq!((letter.u64("record")?, letter.text("kind")?.as_ref()), (2, "other"));
    /// #             Ok(())
    /// #         }
    /// #         async fn commit(self) -> Result<(), BoxError> { Ok(()) }
    /// #     }
    /// # }
    ///
    /// let pipeline = Pipeline::builder("numbers")
    ///     .on_error(OnError::dead_letter(jsonl::write("bad.jsonl"), Limit::records(100)))
    ///     .read_vec(vec!["1", "x"])
    ///     .try_map(|text| Ok(text.parse::<u32>()?))
    ///     .write_fn(|_cx, _numbers| async { Ok(()) })?;
    /// let report = pipeline.run_blocking(&RunContext::new())?;
    /// assert_eq!((report.rejected(), report.written.records), (1, 1));
    /// # Ok::<(), godata_etl::BoxError>(())
    /// ```
    #[must_use]
    pub fn dead_letter<W: Writer<Records>>(writer: W, limit: Limit) -> Self {
        let writer = Arc::new(writer);
        Self { letters: Some(erased(Arc::new(move |_| Ok(Arc::clone(&writer))))), ..Self::skip(limit) }
    }

    /// Like [`dead_letter`](Self::dead_letter), with a writer that each run makes: for a file of its own, so that it does not
    /// replace the letters of the run before.
    ///
    /// ```
    /// use godata_etl::{Limit, OnError, RunContext};
    /// # mod jsonl {
    /// #     use godata_etl::{BoxError, Chunk, Records, RunScope, Sink, Stop, Work, Writer};
    /// #     pub fn write(_: String) -> impl Writer<Records> { Letters }
    /// #     struct Letters;
    /// #     impl Writer<Records> for Letters {
    /// #         type Encoded = Records;
    /// #         type Sink = Self;
    /// #         async fn open(&self, _: &RunScope) -> Result<Self, BoxError> { Ok(Self) }
    /// #         fn encode(&self, chunk: Chunk<Records>, _: &mut Work) -> Result<Records, Stop> {
    /// #             Ok(chunk.into_batch())
    /// #         }
    /// #     }
    /// #     impl Sink<Records> for Letters {
    /// #         async fn write(&mut self, letters: Records) -> Result<(), BoxError> { Ok(()) }
    /// #         async fn commit(self) -> Result<(), BoxError> { Ok(()) }
    /// #     }
    /// # }
    ///
    /// let on_error = OnError::dead_letter_with(
    ///     |cx: &RunContext| Ok(jsonl::write(format!("bad-{}.jsonl", cx.run_id()))),
    ///     Limit::records(100),
    /// );
    /// # drop(on_error);
    /// ```
    #[must_use]
    pub fn dead_letter_with<W, F>(make: F, limit: Limit) -> Self
    where
        W: Writer<Records>,
        F: Fn(&RunContext) -> Result<W, BoxError> + Send + Sync + 'static,
    {
        Self { letters: Some(erased(Arc::new(move |cx| make(cx).map(Arc::new)))), ..Self::skip(limit) }
    }

    /// Rejects only the records for which `f` returns true. Any other record that can't be processed fails the run. A second
    /// call replaces the first.
    ///
    /// ```
    /// use godata_etl::{Limit, OnError, StageName};
    ///
    /// let steps_only = OnError::skip(Limit::records(100)).when(|rejected| rejected.stage != StageName::Read);
    /// # drop(steps_only);
    /// ```
    #[must_use]
    pub fn when(self, f: impl Fn(&Rejected) -> bool + Send + Sync + 'static) -> Self {
        Self { when: Some(Arc::new(f)), ..self }
    }

    /// Whether the policy rejects this record. Otherwise it fails the run.
    pub(crate) fn allows(&self, rejected: &Rejected) -> bool {
        self.when.as_ref().is_none_or(|when| when(rejected))
    }
}

impl fmt::Debug for OnError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OnError")
            .field("limit", &self.limit)
            .field("has_letters", &self.letters.is_some())
            .finish_non_exhaustive()
    }
}

/// How many records a run may reject before it fails: a number, a share of the records read, or both.
///
/// The limit is exact, for any number of workers and any size of batches: with `Limit::records(10)`, a run with 10 bad
/// records succeeds, and one with 11 fails. Records beyond those that a [`take`](crate::Flow::take) needs are not
/// counted. If [`flat_map`](crate::Flow::flat_map) made several records from one, each of them
/// that is rejected counts.
///
/// ```
/// use godata_etl::Limit;
///
/// let few = Limit::records(100);
/// let one_percent = Limit::share(0.01).after(1_000);
/// let both = Limit::records(100).and_share(0.01).after(1_000);
/// assert_eq!(both.to_string(), "100 records and a share of 0.01 (after 1000 records)");
/// # let _ = (few, one_percent);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Limit {
    pub(crate) records: Option<u64>,
    pub(crate) share: Option<f64>,
    /// `None` if the share is checked only at the end.
    pub(crate) after: Option<u64>,
}

impl Limit {
    /// Up to this many records.
    #[must_use]
    pub fn records(at_most: u64) -> Self {
        Self { records: Some(at_most), ..Self::unlimited() }
    }

    /// Up to this share of the records that were read, from 0 to 1: `0.01` is 1 %. It is checked at the end of the input, or
    /// earlier with [`after`](Self::after).
    ///
    /// A share that is not from 0 to 1 is a [`BuildError`](crate::BuildError).
    #[must_use]
    pub fn share(at_most: f64) -> Self {
        Self::unlimited().and_share(at_most)
    }

    /// Any number of records.
    #[must_use]
    pub fn unlimited() -> Self {
        Self { records: None, share: None, after: None }
    }

    /// Adds a [share](Self::share). The run fails when either is exceeded.
    #[must_use]
    pub fn and_share(self, at_most: f64) -> Self {
        Self { share: Some(at_most), ..self }
    }

    /// Checks the share also at each rejected record, against the records that were read up to it, once this many have been
    /// read. A file of bad records then fails early, and one bad record among the first few does not fail the run. In an
    /// [`unordered`](crate::PipelineBuilder::unordered) pipeline, the records count in the order in which they arrive.
    #[must_use]
    pub fn after(self, sample: u64) -> Self {
        Self { after: Some(sample), ..self }
    }

    /// The rejections of one batch that can matter: one more than are allowed.
    pub(crate) fn most(&self) -> Option<usize> {
        usize::try_from(self.records?.saturating_add(1)).ok()
    }
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plural = |count| if count == 1 { "" } else { "s" };
        match (self.records, self.share) {
            (None, None) => return f.write_str("unlimited"),
            (Some(records), None) => return write!(f, "{records} record{}", plural(records)),
            (None, Some(share)) => write!(f, "a share of {share}"),
            (Some(records), Some(share)) => {
                write!(f, "{records} record{} and a share of {share}", plural(records))
            }
        }?;
        match self.after {
            None => Ok(()),
            Some(after) => write!(f, " (after {after} record{})", plural(after)),
        }
    }
}

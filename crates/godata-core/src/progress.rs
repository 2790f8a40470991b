//! The counters and the report of a run.

use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

/// Counters of the records and bytes that a run has processed, which can be read while it runs, and the report of what it
/// did.
///
/// Clones share the same counters and the same report. Each counter is exact. They are not updated together: while the run is
/// in progress, one may be slightly ahead of another.
///
/// # Example
///
/// ```
/// use godata_core::Progress;
///
/// let progress = Progress::new();
/// let watcher = progress.clone();
///
/// progress.expect_bytes(1_000);
/// progress.add_bytes_read(250);
/// assert_eq!((watcher.bytes_read(), watcher.bytes_expected()), (250, Some(1_000)));
///
/// progress.set_report(r#"{"deleted":17}"#)?;
/// assert_eq!(watcher.report().as_deref(), Some(r#"{"deleted":17}"#));
/// # Ok::<(), godata_core::ReportError>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Progress(Arc<Counters>);

#[derive(Debug, Default)]
struct Counters {
    records_read: AtomicU64,
    records_written: AtomicU64,
    records_rejected: AtomicU64,
    bytes_read: AtomicU64,
    bytes_written: AtomicU64,
    /// Empty until an input reports its size.
    bytes_expected: OnceLock<AtomicU64>,
    report: Mutex<Option<Arc<str>>>,
}

impl Progress {
    /// The most bytes that a report has: 16 KiB.
    pub const MAX_REPORT_BYTES: usize = 16 * 1024;

    /// Makes counters at zero, with an unknown size of the input.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Returns the number of records read from the inputs.
    #[must_use]
    pub fn records_read(&self) -> u64 {
        self.0.records_read.load(Relaxed)
    }

    /// Returns the number of records written to the outputs.
    #[must_use]
    pub fn records_written(&self) -> u64 {
        self.0.records_written.load(Relaxed)
    }

    /// Returns the number of records that were left out because they could not be processed.
    #[must_use]
    pub fn records_rejected(&self) -> u64 {
        self.0.records_rejected.load(Relaxed)
    }

    /// Returns the number of bytes read from the inputs, as they are stored: for a compressed file, the compressed bytes.
    #[must_use]
    pub fn bytes_read(&self) -> u64 {
        self.0.bytes_read.load(Relaxed)
    }

    /// Returns the number of bytes written to the outputs, as they are stored.
    #[must_use]
    pub fn bytes_written(&self) -> u64 {
        self.0.bytes_written.load(Relaxed)
    }

    /// Returns the total size of all inputs that have reported theirs, or `None` if none has.
    #[must_use]
    pub fn bytes_expected(&self) -> Option<u64> {
        self.0.bytes_expected.get().map(|bytes| bytes.load(Relaxed))
    }

    /// Counts records that were read from an input.
    pub fn add_records_read(&self, records: u64) {
        self.0.records_read.fetch_add(records, Relaxed);
    }

    /// Counts records that were written to an output.
    pub fn add_records_written(&self, records: u64) {
        self.0.records_written.fetch_add(records, Relaxed);
    }

    /// Counts records that were left out because they could not be processed.
    pub fn add_records_rejected(&self, records: u64) {
        self.0.records_rejected.fetch_add(records, Relaxed);
    }

    /// Counts bytes that were read from an input.
    pub fn add_bytes_read(&self, bytes: u64) {
        self.0.bytes_read.fetch_add(bytes, Relaxed);
    }

    /// Counts bytes that were written to an output.
    pub fn add_bytes_written(&self, bytes: u64) {
        self.0.bytes_written.fetch_add(bytes, Relaxed);
    }

    /// Reports the size of one more input, which adds to the expected bytes.
    pub fn expect_bytes(&self, bytes: u64) {
        self.0.bytes_expected.get_or_init(AtomicU64::default).fetch_add(bytes, Relaxed);
    }

    /// Returns the report, or `None` if none was set.
    #[must_use]
    pub fn report(&self) -> Option<Arc<str>> {
        self.0.report.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Sets the report of what the run did, as JSON text in a form that the job chooses. A second call replaces it.
    ///
    /// When the run has ended, however it ended, its [result](crate::RunResult::report) and its
    /// [row](crate::RunRecord::report) get the report. The row has none if the process died or the lease was lost. The text is
    /// stored as it was given: neither this method nor a store checks that it is JSON.
    ///
    /// # Errors
    ///
    /// [`ReportError`], if the text is longer than [`MAX_REPORT_BYTES`](Self::MAX_REPORT_BYTES) or has a NUL. The text is
    /// not cut, because a part of a JSON text is not JSON. The report that was set before is kept.
    pub fn set_report(&self, json: impl Into<Arc<str>>) -> Result<(), ReportError> {
        let json = json.into();
        if json.len() > Self::MAX_REPORT_BYTES {
            return Err(ReportError::TooLong { bytes: json.len() });
        }
        if json.contains('\0') {
            return Err(ReportError::Nul);
        }
        *self.0.report.lock().unwrap_or_else(PoisonError::into_inner) = Some(json);
        Ok(())
    }
}

/// Why [`Progress::set_report`] refused a report.
#[derive(Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReportError {
    /// The text is too long.
    #[error(
        "the report of a run may have at most {} bytes, and this one has {bytes}",
        Progress::MAX_REPORT_BYTES
    )]
    TooLong {
        /// How many bytes it has.
        bytes: usize,
    },
    /// The text has a NUL character, which stores can't keep. JSON writes it as an escape.
    #[error("the report of a run has a NUL character, which can't be stored")]
    Nul,
}

debug_as_chain!(ReportError);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_counter_counts_separately() {
        let progress = Progress::new();
        progress.add_records_read(1);
        progress.add_records_written(20);
        progress.add_bytes_read(300);
        progress.add_bytes_written(4_000);
        progress.clone().add_records_read(1);
        let counts = (
            progress.records_read(),
            progress.records_written(),
            progress.bytes_read(),
            progress.bytes_written(),
        );
        assert_eq!(counts, (2, 20, 300, 4_000));
    }

    #[test]
    fn a_report_that_is_refused_leaves_the_one_before() {
        let progress = Progress::new();
        assert_eq!(progress.report(), None);
        let longest = "x".repeat(Progress::MAX_REPORT_BYTES);
        for report in ["{}", &longest] {
            progress.clone().set_report(report).unwrap();
            assert_eq!(progress.report().as_deref(), Some(report));
        }
        let too_long = ReportError::TooLong { bytes: longest.len() + 1 };
        assert_eq!(progress.set_report(format!("{longest}x")), Err(too_long));
        assert_eq!(progress.set_report("{\0}"), Err(ReportError::Nul));
        assert_eq!(progress.report().as_deref(), Some(&*longest));
    }

    #[test]
    fn the_sizes_of_several_inputs_add_up() {
        let progress = Progress::new();
        assert_eq!(progress.bytes_expected(), None);
        progress.expect_bytes(0);
        assert_eq!(progress.bytes_expected(), Some(0));
        progress.expect_bytes(100);
        progress.expect_bytes(50);
        assert_eq!(progress.bytes_expected(), Some(150));
    }
}

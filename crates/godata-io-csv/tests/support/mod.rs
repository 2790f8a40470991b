//! Running pipelines over texts.
#![allow(dead_code, reason = "each test file uses only a part")]

use std::fs;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use godata_core::{RunContext, error_chain};
use godata_etl::{Flow, Pipeline, PipelineError, Record, Records};
use godata_io_csv::CsvReader;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tempfile::TempDir;

use godata_io_csv as csv;

pub(crate) type Outcome<T> = Result<T, String>;

/// A folder with one file.
pub(crate) struct Folder {
    dir: TempDir,
    pub(crate) path: PathBuf,
}

impl Folder {
    pub(crate) fn new(bytes: &[u8]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("orders.csv");
        fs::write(&path, bytes).unwrap();
        Self { dir, path }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// The error with all its causes. Paths are shortened as if the folder were the working directory.
    pub(crate) fn message(&self, error: &PipelineError) -> String {
        error_chain(error).to_string().replace(&format!("{}/", self.dir.path().display()), "")
    }
}

/// The batches of a flow.
pub(crate) fn batches<B: godata_etl::Batch>(folder: &Folder, flow: Flow<B>) -> Outcome<Vec<B>> {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let pipeline = flow.write_fn({
        let seen = Arc::clone(&seen);
        move |_, batch: B| {
            let seen = Arc::clone(&seen);
            async move {
                seen.lock().unwrap().push(batch);
                Ok(())
            }
        }
    });
    pipeline.unwrap().run_blocking(&RunContext::new()).map_err(|error| folder.message(&error))?;
    Ok(std::mem::take(&mut *seen.lock().unwrap()))
}

/// The dynamic records of a text, read with one worker and with four, in blocks of several sizes.
pub(crate) fn records_with(
    bytes: &[u8],
    options: impl Fn(CsvReader<Records>) -> CsvReader<Records>,
) -> Outcome<Vec<Record>> {
    let folder = Folder::new(bytes);
    all_ways(|workers, size| {
        let flow = Pipeline::builder("test").workers(workers);
        let flow = flow.read(options(csv::read_records(&folder.path)).block_size(size));
        Ok(batches(&folder, flow)?.into_iter().flat_map(Records::into_records).collect())
    })
}

pub(crate) fn records(bytes: &[u8]) -> Outcome<Vec<Record>> {
    records_with(bytes, |reader| reader)
}

/// As `records_with`, for structs.
pub(crate) fn typed_with<T>(
    bytes: &[u8],
    options: impl Fn(CsvReader<Vec<T>>) -> CsvReader<Vec<T>>,
) -> Outcome<Vec<T>>
where
    T: DeserializeOwned + PartialEq + std::fmt::Debug + Send + 'static,
{
    let folder = Folder::new(bytes);
    all_ways(|workers, size| {
        let flow = Pipeline::builder("test").workers(workers);
        let flow = flow.read(options(csv::read::<T>(&folder.path)).block_size(size));
        Ok(batches(&folder, flow)?.into_iter().flatten().collect())
    })
}

pub(crate) fn typed<T>(bytes: &[u8]) -> Outcome<Vec<T>>
where
    T: DeserializeOwned + PartialEq + std::fmt::Debug + Send + 'static,
{
    typed_with(bytes, |reader| reader)
}

/// The outcome, which must be the same for all numbers of workers and block sizes.
pub(crate) fn all_ways<T: PartialEq + std::fmt::Debug>(
    run: impl Fn(usize, usize) -> Outcome<T>,
) -> Outcome<T> {
    let first = run(1, 256 << 10);
    for (workers, size) in [(4, 1), (1, 7), (4, 30)] {
        assert_eq!(run(workers, size), first, "{workers} workers, blocks of {size} bytes");
    }
    first
}

/// The text that is written for a flow.
pub(crate) fn written<B>(flow: Flow<B>, writer: impl Fn(csv::CsvWriter) -> csv::CsvWriter) -> Outcome<String>
where
    B: godata_etl::Batch,
    csv::CsvWriter: godata_etl::Writer<B>,
{
    let folder = Folder::new(b"old");
    let pipeline = flow.write(writer(csv::write(&folder.path))).unwrap();
    match pipeline.run_blocking(&RunContext::new()) {
        Ok(report) => {
            let text = fs::read_to_string(&folder.path).unwrap();
            assert_eq!(report.written.bytes, text.len() as u64);
            Ok(text)
        }
        Err(error) => {
            assert_eq!(fs::read_to_string(&folder.path).unwrap(), "old");
            assert_eq!(fs::read_dir(folder.dir.path()).unwrap().count(), 1, "no temporary file is left");
            Err(folder.message(&error))
        }
    }
}

/// The text that is written for structs.
pub(crate) fn written_structs<T: Clone + Serialize + Send + Sync + 'static>(
    items: Vec<T>,
) -> Outcome<String> {
    written(Pipeline::builder("test").read_vec(items), |writer| writer)
}

/// A flow of the given batches.
pub(crate) fn flow_of(given: Vec<Records>) -> Flow<Records> {
    let count = given.len();
    Pipeline::builder("test").workers(4).read(Given(given, count))
}

struct Given(Vec<Records>, usize);

struct GivenSource(std::vec::IntoIter<Records>);

impl godata_etl::Reader for Given {
    type Batch = Records;
    type Source = GivenSource;

    async fn open(&self, _: &godata_etl::RunScope) -> Result<GivenSource, godata_core::BoxError> {
        Ok(GivenSource(self.0.clone().into_iter()))
    }
}

impl godata_etl::Source for GivenSource {
    type Batch = Records;

    async fn next(&mut self) -> Result<Option<godata_etl::Unit<Records>>, godata_core::BoxError> {
        let batch = self.0.next();
        Ok(batch
            .map(|batch| godata_etl::Unit::ready(godata_etl::Chunk::new(batch, godata_etl::Origin::new(1)))))
    }
}

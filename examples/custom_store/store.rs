//! Your own store: six methods over two maps, kept in one JSON file.
//!
//! ```sh
//! cargo run -p custom-store --example custom_store
//! ```
//!
//! `contract.rs` checks it with the conformance suite, and `custom_store.rs` uses it.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use godata_core::{PipelineName, PipelineRecord, RunId, RunQuery, RunRecord, Store, StoreError};
use serde::{Deserialize, Serialize};

/// Keeps pipelines and runs in one JSON file, which each change rewrites. Only one process may have it open.
#[derive(Debug)]
pub struct JsonStore {
    path: PathBuf,
    rows: Mutex<Rows>,
}

#[derive(Clone, Debug, Default, Deserialize, Serialize)]
struct Rows {
    pipelines: BTreeMap<PipelineName, PipelineRecord>,
    runs: BTreeMap<RunId, RunRecord>,
}

impl JsonStore {
    /// Opens the store. If the file does not exist, the store is empty.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`] if the file can't be read, [`StoreError::Corrupt`] if its content is not what this store
    /// writes.
    pub fn open(path: impl Into<PathBuf>) -> Result<Self, StoreError> {
        let path = path.into();
        let rows = match fs::read(&path) {
            Ok(bytes) => serde_json::from_slice(&bytes)
                .map_err(|error| StoreError::corrupt(path.display().to_string(), error))?,
            Err(error) if error.kind() == ErrorKind::NotFound => Rows::default(),
            Err(error) => return Err(StoreError::unavailable(error)),
        };
        Ok(Self { path, rows: Mutex::new(rows) })
    }

    fn rows(&self) -> MutexGuard<'_, Rows> {
        self.rows.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes the change to the disk, then makes it visible. This blocks the thread, which is fine for a small file only.
    fn put(&self, change: impl FnOnce(&mut Rows)) -> Result<(), StoreError> {
        let mut rows = self.rows();
        let mut changed = rows.clone();
        change(&mut changed);
        let bytes = serde_json::to_vec_pretty(&changed).map_err(StoreError::invalid)?;
        replace(&self.path, &bytes).map_err(StoreError::unavailable)?;
        *rows = changed;
        Ok(())
    }
}

/// Replaces the file so that it holds either the old bytes or the new ones, even after a crash.
fn replace(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let new = path.with_extension("new");
    let mut file = File::create(&new)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&new, path)?;
    match path.parent() {
        Some(folder) if folder != Path::new("") => File::open(folder)?.sync_all(),
        _ => File::open(".")?.sync_all(),
    }
}

impl Store for JsonStore {
    async fn upsert_pipeline(&self, pipeline: &PipelineRecord) -> Result<(), StoreError> {
        self.put(|rows| drop(rows.pipelines.insert(pipeline.name.clone(), pipeline.clone())))
    }

    async fn find_pipeline(&self, name: &PipelineName) -> Result<Option<PipelineRecord>, StoreError> {
        Ok(self.rows().pipelines.get(name).cloned())
    }

    async fn list_pipelines(&self) -> Result<Vec<PipelineRecord>, StoreError> {
        Ok(self.rows().pipelines.values().cloned().collect())
    }

    async fn upsert_run(&self, run: &RunRecord) -> Result<(), StoreError> {
        self.put(|rows| drop(rows.runs.insert(run.id, run.clone())))
    }

    async fn find_run(&self, id: RunId) -> Result<Option<RunRecord>, StoreError> {
        Ok(self.rows().runs.get(&id).cloned())
    }

    async fn list_runs(&self, query: &RunQuery) -> Result<Vec<RunRecord>, StoreError> {
        Ok(query.select(self.rows().runs.values()))
    }
}

//! The same rows in SQLite, as a program would keep them there.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::thread::JoinHandle;

use godata_core::BoxError;
use rusqlite::Connection;
use serde_json::Value;
use tokio::sync::oneshot;

const TABLES: &str = "
    PRAGMA synchronous = FULL;
    CREATE TABLE pipelines (name TEXT PRIMARY KEY, rev INTEGER NOT NULL, record TEXT NOT NULL) WITHOUT ROWID;
    CREATE TABLE runs (
        id TEXT PRIMARY KEY, pipeline TEXT NOT NULL, key TEXT NOT NULL, record TEXT NOT NULL,
        UNIQUE (pipeline, key)
    );";
const PUT_PIPELINE: &str = "INSERT INTO pipelines VALUES (?1, ?2, ?3)
    ON CONFLICT (name) DO UPDATE SET rev = excluded.rev, record = excluded.record";
const PUT_RUN: &str = "INSERT INTO runs VALUES (?1, ?2, ?3, ?4)
    ON CONFLICT (id) DO UPDATE SET record = excluded.record";

/// The rows of a commit, as text.
pub(super) struct Rows {
    name: String,
    rev: i64,
    pipeline: String,
    /// With their ids and keys.
    runs: Vec<(String, String, String)>,
}

/// The rows of the commits in a journal of the file store, by pipeline.
pub(super) fn rows_of(journal: &Path) -> Result<Vec<Vec<Rows>>, BoxError> {
    let mut rows: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for line in fs::read_to_string(journal)?.lines() {
        let line: Value = serde_json::from_str(line)?;
        if line.get("pipeline").is_some() {
            let commit = Rows::of(&line).ok_or("the journal is not as expected")?;
            rows.entry(commit.name.clone()).or_default().push(commit);
        }
    }
    Ok(rows.into_values().collect())
}

impl Rows {
    fn of(line: &Value) -> Option<Self> {
        let pipeline = line.get("pipeline")?;
        let text = |value: &Value, field| Some(value.get(field)?.as_str()?.to_owned());
        let runs = line.get("runs")?.as_array()?.iter();
        Some(Self {
            name: text(pipeline, "name")?,
            rev: pipeline.get("rev")?.as_i64()?,
            pipeline: pipeline.to_string(),
            runs: runs
                .map(|run| Some((text(run, "id")?, text(run, "key")?, run.to_string())))
                .collect::<Option<_>>()?,
        })
    }
}

type Answer = oneshot::Sender<rusqlite::Result<()>>;

/// A database with one connection in its own thread, which writes each commit in a transaction.
pub(super) struct Database {
    commits: Sender<(Rows, Answer)>,
    thread: JoinHandle<rusqlite::Result<()>>,
}

impl Database {
    pub(super) fn create(path: &Path) -> Result<Self, BoxError> {
        let connection = Connection::open(path)?;
        let mode: String = connection.query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0))?;
        if mode != "wal" {
            return Err(format!("the journal mode is {mode}").into());
        }
        connection.execute_batch(TABLES)?;
        let (commits, receiver) = channel();
        let thread = thread::spawn(move || write(&connection, &receiver));
        Ok(Self { commits, thread })
    }

    pub(super) async fn commit(&self, rows: Rows) -> Result<(), BoxError> {
        let (answer, result) = oneshot::channel();
        self.commits.send((rows, answer))?;
        Ok(result.await??)
    }

    /// Ends the thread.
    pub(super) fn close(self) -> Result<(), BoxError> {
        drop(self.commits);
        Ok(self.thread.join().map_err(|_| "the thread of the database has panicked")??)
    }
}

fn write(connection: &Connection, commits: &Receiver<(Rows, Answer)>) -> rusqlite::Result<()> {
    let mut begin = connection.prepare("BEGIN IMMEDIATE")?;
    let mut put_pipeline = connection.prepare(PUT_PIPELINE)?;
    let mut put_run = connection.prepare(PUT_RUN)?;
    let mut commit = connection.prepare("COMMIT")?;
    for (rows, answer) in commits {
        let mut put = || {
            begin.execute([])?;
            put_pipeline.execute((&rows.name, rows.rev, &rows.pipeline))?;
            for (id, key, run) in &rows.runs {
                put_run.execute((id, &rows.name, key, run))?;
            }
            commit.execute([]).map(drop)
        };
        // The caller is waiting.
        drop(answer.send(put()));
    }
    Ok(())
}

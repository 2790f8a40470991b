//! The input files of the programs, made once and kept.

use std::fs;
use std::fs::File;
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::GzEncoder;
use godata_core::BoxError;

use crate::generate::{Kind, generate};

/// A directory of inputs.
pub(super) struct Inputs<'a> {
    pub(super) directory: &'a Path,
}

impl Inputs<'_> {
    /// A file of orders.
    pub(super) fn plain(&self, kind: Kind, rows: u64) -> Result<PathBuf, BoxError> {
        self.make(&name(kind, rows), |file| Ok(generate(kind, rows, file)?))
    }

    /// The same file, compressed by the command `gzip`.
    pub(super) fn gzip(&self, kind: Kind, rows: u64) -> Result<PathBuf, BoxError> {
        self.make(&format!("{}.gz", name(kind, rows)), |file| {
            let mut encoder = GzEncoder::new(file, Compression::default());
            generate(kind, rows, &mut encoder)?;
            encoder.finish()?;
            Ok(())
        })
    }

    /// A file that exists, or is made under a temporary name first, so that an incomplete file is never used.
    fn make(
        &self,
        name: &str,
        write: impl FnOnce(&mut File) -> Result<(), BoxError>,
    ) -> Result<PathBuf, BoxError> {
        let path = self.directory.join(name);
        if !path.exists() {
            eprintln!("generating {name}");
            let unfinished = path.with_extension("tmp");
            let mut file = File::create(&unfinished)?;
            write(&mut file)?;
            fs::rename(unfinished, &path)?;
        }
        Ok(path)
    }
}

fn name(kind: Kind, rows: u64) -> String {
    match kind {
        Kind::Narrow => format!("narrow-{rows}.csv"),
        Kind::Wide => format!("wide-{rows}.csv"),
        Kind::JsonLines => format!("narrow-{rows}.jsonl"),
    }
}

//! A power cut that lost something promised.

use std::env;
use std::fmt;
use std::io;
use std::path::PathBuf;
use std::process;

use super::Script;
use crate::{Broken, Image};

/// A power cut after which the store breaks a promise.
#[derive(Debug)]
pub struct Failure {
    /// The script.
    pub script: Script,
    /// The broken promise.
    pub broken: Broken,
    /// The events of the disk, in words.
    pub story: String,
    /// The content of the disk, which can be [saved](Image::save).
    pub image: Image,
}

impl Failure {
    /// A failure without a power cut.
    pub(super) fn of_script(script: Script, broken: Broken) -> Self {
        Self { script, broken, story: "the power was not cut".to_owned(), image: Image::new() }
    }

    /// Saves the content of the disk to a temporary directory, and returns its path.
    ///
    /// # Errors
    ///
    /// Those of the file system.
    pub fn save(&self) -> io::Result<PathBuf> {
        let dir = env::temp_dir().join(format!("power-cut-{}-{}", self.script.seed, process::id()));
        self.image.save(&dir)?;
        Ok(dir)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}\n{:?}\n{}\n{:?}", self.broken, self.script, self.story, self.image)
    }
}

impl std::error::Error for Failure {}

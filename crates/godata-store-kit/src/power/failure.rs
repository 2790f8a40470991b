//! A power cut that took what it must not.

use std::env;
use std::fmt;
use std::io;
use std::path::PathBuf;
use std::process;

use super::Script;
use crate::{Broken, Image};

/// A power cut after which the store does not keep its promises.
#[derive(Debug)]
pub struct Failure {
    /// What was played.
    pub script: Script,
    /// What is wrong.
    pub broken: Broken,
    /// What happened to the disk, in words.
    pub story: String,
    /// What was left, and can be [saved](Image::save).
    pub image: Image,
}

impl Failure {
    /// Without a power cut.
    pub(super) fn of_script(script: Script, broken: Broken) -> Self {
        Self { script, broken, story: "the power was not cut".to_owned(), image: Image::new() }
    }

    /// Saves what was left in a directory of the system's temporary ones, and says in which.
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

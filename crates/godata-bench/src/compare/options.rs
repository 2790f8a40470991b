//! The command line.

use std::env;
use std::path::PathBuf;

use godata_core::BoxError;

use super::cases::NAMES;
use crate::small;

/// The options of the command line.
pub(super) struct Options {
    pub(super) rounds: usize,
    pub(super) is_quick: bool,
    /// The only case to run.
    only: Option<String>,
    /// The directory of inputs and peers.
    pub(super) directory: PathBuf,
}

impl Options {
    pub(super) fn parse(args: &[&str]) -> Result<Self, BoxError> {
        let (mut rounds, mut is_quick, mut only, mut directory) = (None, false, None, None);
        let mut args = args.iter();
        while let Some(&option) = args.next() {
            let mut value = || args.next().ok_or_else(|| format!("{option} needs a value"));
            match option {
                "--rounds" => rounds = Some(value()?.parse()?),
                "--quick" => is_quick = true,
                "--only" => only = Some(*value()?),
                "--dir" => directory = Some(PathBuf::from(value()?)),
                _ => return Err(format!("compare has no option {option}").into()),
            }
        }
        Ok(Self {
            rounds: rounds.unwrap_or(if is_quick { 3 } else { 5 }),
            is_quick,
            only: only.map(known).transpose()?,
            directory: directory.map_or_else(default_directory, Ok)?,
        })
    }

    /// Whether to run a case.
    pub(super) fn has(&self, case: &str) -> bool {
        self.only.as_deref().is_none_or(|only| only == case)
    }
}

/// The name of a case.
fn known(name: &str) -> Result<String, BoxError> {
    let names = NAMES.into_iter().chain([small::NAME]).collect::<Vec<_>>();
    if names.contains(&name) {
        Ok(name.to_owned())
    } else {
        Err(format!("no case is called `{name}`; the cases are {}", names.join(", ")).into())
    }
}

/// A directory in Cargo's target directory.
fn default_directory() -> Result<PathBuf, BoxError> {
    let program = env::current_exe()?;
    let target = program.ancestors().nth(2).ok_or("the program is in no directory of Cargo")?;
    Ok(target.join("bench-inputs"))
}

//! The program of one run, as a process of its own.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;

use crate::{Miss, Verdict, ensure};

const PROGRAM: &str = env!("CARGO_BIN_EXE_one_run");

pub(crate) fn program() -> Command {
    Command::new(PROGRAM)
}

/// The program, as somebody who may read and write only what everybody may.
pub(crate) struct Unprivileged {
    /// Where nobody else may reach the program, there is a copy.
    copy: Option<(TempDir, PathBuf)>,
}

impl Unprivileged {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        if fs::metadata(folder.path()).unwrap().uid() != 0 {
            return Self { copy: None };
        }
        let program = folder.path().join("program");
        fs::copy(PROGRAM, &program).unwrap();
        set_mode(&program, 0o755);
        set_mode(folder.path(), 0o755);
        Self { copy: Some((folder, program)) }
    }

    /// What the program complains of.
    pub(crate) fn complaint(&self, words: &[&str]) -> Result<String, Miss> {
        let mut command = match &self.copy {
            None => program(),
            Some((_, program)) => {
                let mut command = Command::new("setpriv");
                command.args(["--reuid=65534", "--regid=65534", "--clear-groups"]).arg(program);
                command
            }
        };
        let complaint = complaint(command.args(words))?;
        if complaint.starts_with("setpriv: ") {
            return Err(Miss::Skipped(complaint));
        }
        Ok(complaint)
    }
}

/// What a program complains of that must fail.
pub(crate) fn complaint(command: &mut Command) -> Result<String, Miss> {
    let output = output(command)?;
    ensure(!output.status.success(), || "it succeeded".to_owned())?;
    Ok(String::from_utf8_lossy(&output.stderr).trim_end().to_owned())
}

pub(crate) fn output(command: &mut Command) -> Result<Output, Miss> {
    let name = command.get_program().display().to_string();
    command.output().map_err(|error| Miss::Skipped(format!("`{name}` can't be run: {error}")))
}

/// Runs a program that is not ours and must succeed for the cell to be tested.
pub(crate) fn tool(command: &mut Command) -> Verdict {
    let output = output(command)?;
    if output.status.success() {
        return Ok(());
    }
    Err(Miss::Skipped(String::from_utf8_lossy(&output.stderr).trim_end().to_owned()))
}

pub(crate) fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

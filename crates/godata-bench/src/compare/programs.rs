//! The programs that are compared: how each is called.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

use godata_core::BoxError;

/// The peers' scripts.
const PEERS: &str = include_str!("peers.py");

/// The profile of the workspace with which programs are measured, and the name of its folder in `target`.
const PROFILE: &str = "measured";

/// Where the programs are.
pub(crate) struct Programs {
    example: PathBuf,
    bench: PathBuf,
    python: PathBuf,
    /// The peers' versions.
    pub(super) versions: String,
}

/// A program with its arguments.
pub(super) struct Program {
    pub(super) name: String,
    pub(super) command: Vec<String>,
}

impl Programs {
    /// Builds the example, and installs the peers into a directory if they are missing.
    pub(crate) fn prepare(directory: &Path) -> Result<Self, BoxError> {
        let bench = env::current_exe()?;
        if bench.parent().and_then(Path::file_name).is_none_or(|folder| folder != PROFILE) {
            return Err(
                format!("compare with `cargo run --profile {PROFILE} -p godata-bench -- compare`").into()
            );
        }
        let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        // With this crate's features, as the example by itself reads no compressed files.
        let arguments =
            ["build", "--profile", PROFILE, "--package", "godata-examples", "--package", "godata-bench"];
        let arguments = arguments.iter().chain(&["--example", "orders_cleanup"]);
        succeed(Command::new(cargo).args(arguments).current_dir(env!("CARGO_MANIFEST_DIR")))?;
        let mut programs = Self {
            example: bench.with_file_name("examples").join("orders_cleanup"),
            bench,
            python: directory.join("peers/bin/python"),
            versions: String::new(),
        };
        programs.versions = programs.peer_versions().or_else(|_| {
            succeed(Command::new("python3").args(["-m", "venv"]).arg(directory.join("peers")))?;
            let arguments = ["-m", "pip", "install", "--quiet", "duckdb", "polars"];
            succeed(Command::new(&programs.python).args(arguments))?;
            programs.peer_versions()
        })?;
        Ok(programs)
    }

    /// The machine and the versions, as Markdown.
    pub(crate) fn description(&self) -> Result<String, BoxError> {
        super::machine::description(&self.versions)
    }

    /// A command of this program.
    pub(crate) fn own(&self, command: &str, arguments: &[String]) -> Vec<String> {
        let words = [self.bench.display().to_string(), command.to_owned()];
        words.into_iter().chain(arguments.iter().cloned()).collect()
    }

    /// An operator in a peer.
    pub(crate) fn peer(&self, peer: &str, arguments: &[String]) -> Vec<String> {
        const OPERATORS: &str = include_str!("../operators/peers.py");
        let words =
            [self.python.display().to_string(), "-c".to_owned(), OPERATORS.to_owned(), peer.to_owned()];
        words.into_iter().chain(arguments.iter().cloned()).collect()
    }

    fn peer_versions(&self) -> Result<String, BoxError> {
        super::machine::printed(Command::new(&self.python).args(["-c", PEERS, "versions"]))
    }

    /// The example with its default number of workers.
    pub(super) fn example(&self, name: &str, input: &Path, output: &Path) -> Program {
        program(name, &self.example, &[], &[input, output])
    }

    /// The example on one worker.
    pub(super) fn example_alone(&self, input: &Path, output: &Path) -> Program {
        program("godata, 1 worker", &self.example, &[], &[input, output, Path::new("1")])
    }

    /// The program written by hand.
    pub(super) fn limit(&self, input: &Path, output: &Path) -> Program {
        program("by hand", &self.bench, &["limit"], &[input, output])
    }

    /// The program written by hand on one thread.
    pub(super) fn limit_alone(&self, input: &Path, output: &Path) -> Program {
        let args = [input, output, Path::new("--threads"), Path::new("1")];
        program("by hand, 1 thread", &self.bench, &["limit"], &args)
    }

    /// A job in this crate.
    pub(super) fn job(&self, job: &str, input: &Path, output: &Path) -> Program {
        program("godata", &self.bench, &["job", job], &[input, output])
    }

    /// A job in Polars.
    pub(super) fn polars(&self, job: &str, input: &Path, output: &Path) -> Program {
        program("Polars", &self.python, &["-c", PEERS, "polars", job], &[input, output])
    }

    /// A job in DuckDB.
    pub(super) fn duckdb(&self, job: &str, input: &Path, output: &Path) -> Program {
        program("DuckDB", &self.python, &["-c", PEERS, "duckdb", job], &[input, output])
    }

    /// Decompression alone.
    pub(super) fn gzip(input: &Path) -> Program {
        program("gzip -dc", Path::new("gzip"), &["-dc"], &[input])
    }
}

fn program(name: &str, program: &Path, args: &[&str], paths: &[&Path]) -> Program {
    let paths = paths.iter().map(|path| path.display().to_string());
    let args = args.iter().map(ToString::to_string);
    let command = std::iter::once(program.display().to_string()).chain(args).chain(paths).collect();
    Program { name: name.to_owned(), command }
}

fn succeed(command: &mut Command) -> Result<(), BoxError> {
    let status = command.status()?;
    if status.success() { Ok(()) } else { Err(format!("{command:?} ended with {status}").into()) }
}

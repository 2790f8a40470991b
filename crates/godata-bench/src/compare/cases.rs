//! The cases that are compared.

use std::path::{Path, PathBuf};

use godata_core::BoxError;

use super::inputs::Inputs;
use super::programs::{Program, Programs};
use crate::generate::Kind;

/// Programs that do one job.
pub(super) struct Case {
    pub(super) name: &'static str,
    pub(super) title: String,
    /// The output of the first program is the expected output of the others.
    pub(super) programs: Vec<Program>,
    /// The programs that the others are compared with.
    pub(super) references: &'static [&'static str],
    /// Whether all programs must write the same records.
    pub(super) is_same_output: bool,
}

/// The names of the cases, in their order.
pub(super) const NAMES: [&str; 6] = ["narrow", "wide", "typed", "jsonl", "gzip", "memory"];

/// What the cases are built from.
pub(super) struct Cases<'a> {
    pub(super) inputs: Inputs<'a>,
    pub(super) programs: Programs,
    pub(super) output: PathBuf,
    /// Whether to use a tenth of the rows.
    pub(super) is_quick: bool,
}

impl Cases<'_> {
    /// The case with one of the names.
    pub(super) fn open(&self, name: &str) -> Result<Case, BoxError> {
        match name {
            "narrow" => self.headline("narrow", Kind::Narrow, self.rows(20)),
            "wide" => self.headline("wide", Kind::Wide, self.rows(4)),
            "typed" => self.typed(self.rows(20)),
            "jsonl" => self.json_lines(self.rows(10)),
            "gzip" => self.gzip(self.rows(5)),
            "memory" => self.memory(self.rows(5), self.rows(50)),
            _ => Err(format!("no case is called `{name}`").into()),
        }
    }

    fn rows(&self, millions: u64) -> u64 {
        millions * if self.is_quick { 100_000 } else { 1_000_000 }
    }

    fn headline(&self, name: &'static str, kind: Kind, rows: u64) -> Result<Case, BoxError> {
        let (input, output, programs) = (&self.inputs.plain(kind, rows)?, &self.output, &self.programs);
        Ok(Case {
            name,
            title: format!("CSV to JSON Lines, dynamic records, {}", size(input, rows)?),
            programs: vec![
                programs.example("godata", input, output),
                programs.example_alone(input, output),
                programs.limit(input, output),
                programs.limit_alone(input, output),
                programs.polars("orders", input, output),
                programs.duckdb("orders", input, output),
            ],
            references: &["godata", "by hand", "by hand, 1 thread", "Polars"],
            is_same_output: true,
        })
    }

    fn typed(&self, rows: u64) -> Result<Case, BoxError> {
        let input = &self.inputs.plain(Kind::Narrow, rows)?;
        Ok(Case {
            name: "typed",
            title: format!("CSV to JSON Lines, structs that own their text, {}", size(input, rows)?),
            programs: self.job_and_peers("typed", "orders", input),
            references: &["godata"],
            is_same_output: true,
        })
    }

    fn json_lines(&self, rows: u64) -> Result<Case, BoxError> {
        let input = &self.inputs.plain(Kind::JsonLines, rows)?;
        Ok(Case {
            name: "jsonl",
            title: format!("JSON Lines to JSON Lines, filtered, dynamic records, {}", size(input, rows)?),
            programs: self.job_and_peers("jsonl", "jsonl", input),
            references: &["godata"],
            is_same_output: true,
        })
    }

    fn job_and_peers(&self, job: &str, of_peers: &str, input: &Path) -> Vec<Program> {
        let Self { programs, output, .. } = self;
        vec![
            programs.job(job, input, output),
            programs.polars(of_peers, input, output),
            programs.duckdb(of_peers, input, output),
        ]
    }

    fn gzip(&self, rows: u64) -> Result<Case, BoxError> {
        let input = &self.inputs.gzip(Kind::Narrow, rows)?;
        Ok(Case {
            name: "gzip",
            title: format!("narrow from gzip, beside nothing but decompression, {}", size(input, rows)?),
            programs: vec![self.programs.example("godata", input, &self.output), Programs::gzip(input)],
            references: &["gzip -dc"],
            is_same_output: false,
        })
    }

    fn memory(&self, few: u64, many: u64) -> Result<Case, BoxError> {
        let example = |rows| -> Result<Program, BoxError> {
            let input = self.inputs.plain(Kind::Narrow, rows)?;
            Ok(self.programs.example(&format!("{rows} rows"), &input, &self.output))
        };
        Ok(Case {
            name: "memory",
            title: "narrow, inputs of different sizes".to_owned(),
            programs: vec![example(few)?, example(many)?],
            references: &[],
            is_same_output: false,
        })
    }
}

fn size(input: &Path, rows: u64) -> Result<String, BoxError> {
    Ok(format!("{rows} rows, {:.0} MB", input.metadata()?.len() as f64 / 1e6))
}

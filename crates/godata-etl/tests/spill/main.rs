//! What is left of temporary files and outputs when the disk is full, and when the process is killed.
#![cfg(target_os = "linux")]

mod child;
mod steps;

use std::error::Error;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use child::{FOLDER, MOMENT, Moment, STEP};

/// Runs a step in a process of its own, which is in trouble at a moment.
fn start(step: &str, moment: Moment, folder: &Path) -> Result<Child, Box<dyn Error>> {
    let mut command = Command::new("sh");
    // Without the signal, a write beyond the limit fails as on a full disk.
    command.args(["-c", "trap '' XFSZ; exec \"$0\" child::child --exact --nocapture"]);
    command.arg(std::env::current_exe()?);
    command.env(STEP, step).env(MOMENT, moment.name()).env(FOLDER, folder);
    Ok(command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn()?)
}

/// Calls `check` for each step, two at a time.
fn each_step(check: impl Fn(&str) -> Result<(), Box<dyn Error>> + Sync) {
    std::thread::scope(|scope| {
        for half in steps::STEPS.chunks(steps::STEPS.len().div_ceil(2)) {
            let check = &check;
            scope.spawn(move || half.iter().for_each(|(step, _)| check(step).expect(step)));
        }
    });
}

fn is_empty(folder: &Path) -> bool {
    fs::read_dir(folder).expect("the folder is there").next().is_none()
}

/// How many files of a folder, which have no names, a process has open.
fn open_files(process: u32, folder: &Path) -> usize {
    let files = fs::read_dir(format!("/proc/{process}/fd")).expect("the process is there");
    let links = files.filter_map(|file| fs::read_link(file.ok()?.path()).ok());
    links.filter(|link| link.starts_with(folder)).count()
}

fn full_disk(moment: Moment) {
    if Command::new("prlimit").arg("--version").output().is_err() {
        let _ = writeln!(std::io::stdout(), "skipped: this system has no prlimit");
        return;
    }
    each_step(|step| {
        let folder = tempfile::tempdir()?;
        let output = start(step, moment, folder.path())?.wait_with_output()?;
        let text = String::from_utf8(output.stdout)?;
        let expected = format!(
            "can't write a temporary file in `{}`; `Memory::spill_to` sets another folder, and more memory needs no file: ",
            folder.path().display()
        );
        assert!(text.contains("\nstep[") && text.contains(&expected), "{step}: {text}");
        // An output that was opened is aborted. A join opens it once its table is loaded.
        let outputs = ["opened", "aborted", "committed"].map(|what| text.contains(what));
        assert!(matches!(outputs, [true, true, false] | [false, false, false]), "{step}: {text}");
        assert!(is_empty(folder.path()), "{step}");
        Ok(())
    });
}

fn kill(moment: Moment) {
    each_step(|step| {
        let folder = tempfile::tempdir()?;
        let mut child = start(step, moment, folder.path())?;
        let mut lines = BufReader::new(child.stdout.take().ok_or("no output")?).lines().map_while(Result::ok);
        assert!(lines.any(|line| line == "waiting"), "{step}");
        // The files have no names while they are in use, either.
        assert!(open_files(child.id(), folder.path()) > 0, "{step}");
        assert!(is_empty(folder.path()), "{step}");
        child.kill()?;
        child.wait()?;
        assert!(is_empty(folder.path()), "{step}");
        assert!(!lines.any(|line| line == "committed"), "{step}");
        Ok(())
    });
}

#[test]
fn a_disk_that_is_full_from_the_start_fails_the_run_and_leaves_nothing() {
    full_disk(Moment::FullAtStart);
}

#[test]
fn a_disk_that_becomes_full_during_the_input_fails_the_run_and_leaves_nothing() {
    full_disk(Moment::FullInTheMiddle);
}

#[test]
fn a_disk_that_becomes_full_after_the_input_fails_the_run_and_leaves_nothing() {
    full_disk(Moment::FullAfterTheInput);
}

#[test]
fn a_process_that_is_killed_during_the_input_leaves_nothing() {
    kill(Moment::KilledAtTheEnd);
}

#[test]
fn a_process_that_is_killed_during_the_output_leaves_nothing() {
    kill(Moment::KilledAtTheOutput);
}

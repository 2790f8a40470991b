//! What is left of temporary files when the disk is full, and when the process is killed.

use std::env;
use std::error::Error;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Command, Stdio};

use godata_etl::{BoxError, Keep, Memory, Pipeline, RunContext};

const FOLDER: &str = "GODATA_TEST_SPILL";

/// Sorts much more than fits into the memory, and calls `seen` with the first batch that comes out.
fn sort(folder: &str, seen: fn()) -> Result<(), BoxError> {
    let memory = Memory::mib(1).spill_to(folder);
    let pipeline = Pipeline::builder("sort")
        .read_iter(|_| (0..300_000_u64).map(|n| n.wrapping_mul(0x9e37_79b9_7f4a_7c15)))
        .dedupe_by(|&n| n, Keep::Last, memory.clone())
        .sort_by(|&n| n, memory)
        .write_fn(move |_, _| async move {
            seen();
            Ok(())
        });
    pipeline?.run_blocking(&RunContext::new())?;
    Ok(())
}

/// Not a test by itself: the other ones run it in a process of its own.
#[test]
fn child() {
    let Ok(folder) = env::var(FOLDER) else { return };
    let result = sort(&folder, || {
        println!("\nspilled");
        std::io::stdout().flush().unwrap();
        // The parent kills this process now.
        let _ = std::io::stdin().read(&mut [0]);
    });
    println!("\n{:#}", result.unwrap_err());
}

fn child_command(shell: &str, folder: &Path) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", &format!("{shell} exec \"$0\" child --exact --nocapture")]);
    command.arg(env::current_exe().expect("a test has a path")).env(FOLDER, folder);
    command.stdin(Stdio::piped()).stdout(Stdio::piped());
    command
}

fn is_empty(folder: &Path) -> bool {
    fs::read_dir(folder).expect("the folder is there").next().is_none()
}

#[test]
#[cfg(target_os = "linux")]
fn a_full_disk_fails_the_run_and_leaves_nothing() -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    // No file can have more than 64 blocks. Without the signal, the write fails as on a full disk.
    let output = child_command("trap '' XFSZ; ulimit -f 64;", folder.path()).output()?;
    let text = String::from_utf8(output.stdout)?;
    assert!(text.contains("failed: can't write a temporary file in "), "{text}");
    assert!(!text.contains("spilled"), "{text}");
    assert!(is_empty(folder.path()));
    Ok(())
}

#[test]
#[cfg(unix)]
fn a_killed_process_leaves_no_file() -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let mut child = child_command("", folder.path()).spawn()?;
    let lines = BufReader::new(child.stdout.take().ok_or("no output")?).lines();
    let spilled = lines.map_while(Result::ok).any(|line| line == "spilled");
    assert!(spilled);
    // The files have no names while they are in use, either.
    assert!(is_empty(folder.path()));
    child.kill()?;
    child.wait()?;
    assert!(is_empty(folder.path()));
    Ok(())
}

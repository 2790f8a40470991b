//! The time and memory of a whole process.

use std::env;
use std::process::{Command, Stdio};
use std::time::Instant;

use godata_core::BoxError;
use nix::sys::resource::{UsageWho, getrusage};

/// The measurements of a process, from start to end.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Usage {
    /// Seconds.
    pub(crate) wall: f64,
    /// CPU seconds of all threads, in user and kernel mode.
    pub(crate) cpu: f64,
    /// Peak resident memory, in MiB.
    pub(crate) memory: f64,
}

/// Runs a command in a helper process of its own, because the system reports peak memory only for all children of a
/// process together.
pub(crate) fn measure(command: &[String]) -> Result<Usage, BoxError> {
    let output =
        Command::new(env::current_exe()?).arg("measure").args(command).stderr(Stdio::inherit()).output()?;
    if !output.status.success() {
        return Err(format!("failed: {}", command.join(" ")).into());
    }
    let numbers = str::from_utf8(&output.stdout)?.split_whitespace().map(str::parse);
    match numbers.collect::<Result<Vec<f64>, _>>()?[..] {
        [wall, cpu, memory] => Ok(Usage { wall, cpu, memory }),
        _ => Err("`measure` does not print three numbers".into()),
    }
}

/// Runs a command as the only child of this process, and prints the measurements.
pub(crate) fn print(command: &[&str]) -> Result<(), BoxError> {
    let (program, args) = command.split_first().ok_or("no command to measure")?;
    let start = Instant::now();
    let status = Command::new(program).args(args).stdin(Stdio::null()).stdout(Stdio::null()).status()?;
    let wall = start.elapsed().as_secs_f64();
    if !status.success() {
        return Err(format!("{program} ended with {status}").into());
    }
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN)?;
    let cpu = [usage.user_time(), usage.system_time()]
        .map(|time| time.tv_sec() as f64 + time.tv_usec() as f64 / 1e6)
        .iter()
        .sum::<f64>();
    // In KiB; macOS has bytes.
    let unit = if cfg!(target_os = "macos") { 1024.0 * 1024.0 } else { 1024.0 };
    println!("{wall} {cpu} {}", usage.max_rss() as f64 / unit);
    Ok(())
}

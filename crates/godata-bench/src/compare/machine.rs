//! The machine and the versions that the figures were taken with.

use std::fs;
use std::process::Command;
use std::thread::available_parallelism;

use godata_core::BoxError;
use time::UtcDateTime;

/// The date, the versions and the machine, as a list.
pub(super) fn description(peers: &str) -> Result<String, BoxError> {
    let source = env!("CARGO_MANIFEST_DIR");
    let commit = printed(Command::new("git").args(["-C", source, "rev-parse", "--short", "HEAD"]));
    let commit = commit.map_or(String::new(), |commit| format!(" ({commit})"));
    let rustc = printed(Command::new("rustc").arg("--version")).unwrap_or_else(|_| "rustc".into());
    Ok(format!(
        "* {}\n* godata {}{commit}, {rustc}, {peers}\n* {}, {} CPUs, {}, Linux {}\n* load before: {}",
        UtcDateTime::now().date(),
        env!("CARGO_PKG_VERSION"),
        field("/proc/cpuinfo", "model name"),
        available_parallelism()?,
        memory(),
        line("/proc/sys/kernel/osrelease"),
        line("/proc/loadavg").split(' ').take(3).collect::<Vec<_>>().join(" "),
    ))
}

/// What a command prints.
pub(super) fn printed(command: &mut Command) -> Result<String, BoxError> {
    let output = command.output()?;
    if !output.status.success() {
        return Err(format!("{command:?} ended with {}", output.status).into());
    }
    Ok(String::from_utf8(output.stdout)?.trim().to_owned())
}

fn memory() -> String {
    let size = field("/proc/meminfo", "MemTotal");
    let kib = size.strip_suffix(" kB").and_then(|kib| kib.parse::<f64>().ok());
    kib.map_or(size, |kib| format!("{:.0} GiB", kib / 1024.0 / 1024.0))
}

fn line(path: &str) -> String {
    fs::read_to_string(path).map_or("unknown".into(), |text| text.trim().to_owned())
}

/// The value of `name: value`.
fn field(path: &str, name: &str) -> String {
    let text = line(path);
    let found = text.lines().find_map(|line| line.strip_prefix(name)?.trim_start().strip_prefix(':'));
    found.map_or("unknown".into(), |value| value.trim().to_owned())
}

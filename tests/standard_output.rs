//! The example `stdin_stdout` in a shell pipeline.

#![allow(clippy::unwrap_used, reason = "a test that can't go on fails")]
#![cfg(unix)]

use std::process::Command;

/// Runs a shell command in which `$0` is the program, and returns its standard output and standard error.
fn shell(line: &str) -> (String, String) {
    let output = Command::new("sh").args(["-c", line, env!("CARGO_BIN_EXE_stdin_stdout")]).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (text(output.stdout), text(output.stderr))
}

#[test]
fn records_come_through() {
    let (printed, complaints) = shell(r#"printf 'id,status\nA-1,paid\nA-2,open\n' | "$0" csv"#);
    assert_eq!((&*printed, &*complaints), ("id,status\nA-1,paid\n", ""));
}

/// The input has no end, so the program ends because its output is closed.
#[test]
fn it_ends_quietly_when_its_output_is_closed() {
    let endless = r#"yes '{"id":1,"status":"paid"}' | { "$0"; echo "status $?" >&2; } | head -1"#;
    let (printed, complaints) = shell(endless);
    assert_eq!((&*printed, &*complaints), ("{\"id\":1,\"status\":\"paid\"}\n", "status 0\n"));

    let endless = r#"{ echo id,status; yes 1,paid; } | { "$0" csv; echo "status $?" >&2; } | head -2"#;
    let (printed, complaints) = shell(endless);
    assert_eq!((&*printed, &*complaints), ("id,status\n1,paid\n", "status 0\n"));
}

#[test]
fn other_failures_are_reported() {
    let (printed, complaints) = shell(r#"echo '{"id":1' | "$0"; echo "status $?""#);
    assert_eq!(printed, "status 1\n");
    assert!(complaints.starts_with("Error: read failed at record 1 (stdin:1): "), "{complaints}");
    if cfg!(target_os = "linux") {
        let (printed, complaints) =
            shell(r#"{ echo '{"status":"paid"}' | "$0" > /dev/full; echo "status $?"; }"#);
        assert_eq!(printed, "status 1\n");
        let says = "Error: write failed: writing `stdout` failed: No space left on device (os error 28)\n";
        assert_eq!(complaints, says);
    }
}

#[test]
fn an_output_that_is_the_input_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("orders.jsonl");
    let order = "{\"status\":\"paid\"}\n";
    std::fs::write(&file, order).unwrap();
    let (printed, complaints) = shell(&format!(r#""$0" < {0} >> {0}; echo "status $?""#, file.display()));
    assert_eq!(printed, "status 1\n");
    let says = "`stdout` can't be appended to, because this run reads it; a file that is read by its path can be replaced\n";
    assert_eq!(complaints, format!("Error: write failed: {says}"));
    assert_eq!(std::fs::read_to_string(&file).unwrap(), order);
}

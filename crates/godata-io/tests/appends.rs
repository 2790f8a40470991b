//! What appending to a file does when something else uses the file.
#![allow(clippy::unwrap_used, reason = "a panic fails the test")]
#![cfg(unix)]

use std::fs;
use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::Duration;

use godata_io::{IoError, Output, OutputFile};
use tempfile::{TempDir, tempdir};

fn append(path: &Path) -> Output {
    Output::path(path).append().lock_timeout(Duration::ZERO)
}

fn folder_with_old() -> (TempDir, PathBuf) {
    let folder = tempdir().unwrap();
    let path = folder.path().join("log.txt");
    fs::write(&path, "old\n").unwrap();
    (folder, path)
}

fn text(path: &Path) -> String {
    fs::read_to_string(path).unwrap()
}

fn begun(path: &Path) -> OutputFile {
    let mut file = append(path).open().unwrap();
    file.write_all(b"new\n").unwrap();
    file
}

fn add(path: &Path, text: &str) {
    File::options().append(true).open(path).unwrap().write_all(text.as_bytes()).unwrap();
}

#[test]
fn a_second_append_fails_until_the_first_has_ended() {
    let (folder, path) = folder_with_old();
    let (link, hard_link) = (folder.path().join("link"), folder.path().join("hard_link"));
    symlink("log.txt", &link).unwrap();
    fs::hard_link(&path, &hard_link).unwrap();
    for commits in [true, false] {
        let file = begun(&path);
        for same in [&path, &link, &hard_link] {
            let error = append(same).open().unwrap_err();
            let says =
                "can't be appended to: another run appends to it; `lock_timeout` sets how long to wait";
            assert_eq!(error.to_string(), format!("`{}` {says}", same.display()));
        }
        if commits {
            file.commit().unwrap();
        } else {
            drop(file);
        }
        assert_eq!(text(&path), "old\nnew\n");
    }
}

#[test]
fn a_second_append_waits_for_the_first() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("log.txt");
    let first = begun(&path);
    let second = thread::spawn({
        let path = path.clone();
        move || {
            let mut file = Output::path(path).append().lock_timeout(Duration::MAX).open()?;
            file.write_all(b"second\n")?;
            file.commit()
        }
    });
    // The first removes the new file again, perhaps while the second waits for its lock.
    drop(first);
    second.join().unwrap().unwrap();
    assert_eq!(text(&path), "second\n");
}

#[test]
fn what_is_committed_side_by_side_is_all_there() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("log.txt");
    let programs: Vec<_> = (0..4)
        .map(|program| {
            let path = path.clone();
            thread::spawn(move || {
                let mut committed = Vec::new();
                for turn in 0..20 {
                    let mut file = Output::path(&path).append().lock_timeout(Duration::MAX).open().unwrap();
                    for part in ["begun ", "ended\n"] {
                        file.write_all(format!("{program} {turn} {part}").as_bytes()).unwrap();
                    }
                    // Others are dropped, perhaps before the file has any content.
                    if (program + turn) % 3 > 0 {
                        file.commit().unwrap();
                        committed.push(format!("{program} {turn} begun {program} {turn} ended"));
                    }
                }
                committed
            })
        })
        .collect();
    let mut committed: Vec<_> = programs.into_iter().flat_map(|program| program.join().unwrap()).collect();
    let text = text(&path);
    let mut lines: Vec<_> = text.lines().collect();
    committed.sort();
    lines.sort_unstable();
    assert_eq!(lines, committed);
}

#[test]
fn two_programs_that_wait_for_each_other_do_not_wait_for_ever() {
    let folder = tempdir().unwrap();
    let barrier = Arc::new(Barrier::new(2));
    let programs = [["a", "b"], ["b", "a"]].map(|names| {
        let [first, second] = names.map(|name| folder.path().join(name));
        let barrier = Arc::clone(&barrier);
        thread::spawn(move || {
            let _first = begun(&first);
            barrier.wait();
            let second = append(&second).lock_timeout(Duration::from_millis(50)).open();
            // Both still have their first file.
            barrier.wait();
            assert!(matches!(second, Err(IoError::InUse { .. })), "{second:?}");
        })
    });
    programs.into_iter().for_each(|program| program.join().unwrap());
}

/// Other tests run this in a process of its own. Otherwise it does nothing.
#[test]
fn child_that_appends() {
    let Some(path) = std::env::var_os("GODATA_IO_APPENDS") else { return };
    let file = begun(Path::new(&path));
    println!("\nbegun");
    std::io::stdin().read_to_end(&mut Vec::new()).unwrap();
    file.commit().unwrap();
}

/// Another process that has begun to append. It commits at the end of its standard input.
fn child(path: &Path) -> Child {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "child_that_appends", "--nocapture"])
        .env("GODATA_IO_APPENDS", path)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.as_mut().unwrap()).lines();
    assert!(lines.any(|line| line.unwrap() == "begun"));
    child
}

#[test]
fn another_process_keeps_a_file_until_it_ends() {
    let (_folder, path) = folder_with_old();
    let mut other = child(&path);
    assert!(matches!(append(&path).open(), Err(IoError::InUse { .. })));
    drop(other.stdin.take());
    assert!(other.wait().unwrap().success());
    begun(&path).commit().unwrap();
    assert_eq!(text(&path), "old\nnew\nnew\n");

    let mut other = child(&path);
    assert!(matches!(append(&path).open(), Err(IoError::InUse { .. })));
    other.kill().unwrap();
    other.wait().unwrap();
    begun(&path).commit().unwrap();
    assert_eq!(text(&path), "old\nnew\nnew\nnew\nnew\n");
}

#[test]
fn other_programs_can_take_the_same_lock() {
    let (_folder, path) = folder_with_old();
    let other = File::open(&path).unwrap();
    other.try_lock().unwrap();
    assert!(matches!(append(&path).open(), Err(IoError::InUse { .. })));
    drop(other);
    let file = begun(&path);
    assert!(File::open(&path).unwrap().try_lock().is_err());
    drop(file);
}

/// What something else does to a file that is appended to, and whether the commit may still succeed.
type Change = (&'static str, bool, fn(&Path));

const CHANGES: [Change; 8] = [
    ("nothing", true, |_| ()),
    ("removed", false, |path| fs::remove_file(path).unwrap()),
    ("renamed", false, |path| fs::rename(path, path.with_extension("1")).unwrap()),
    ("rotated", false, |path| {
        fs::rename(path, path.with_extension("1")).unwrap();
        fs::write(path, "old\nnew\nother\n").unwrap();
    }),
    ("a directory", false, |path| {
        fs::remove_file(path).unwrap();
        fs::create_dir(path).unwrap();
    }),
    ("a link", false, |path| {
        fs::rename(path, path.with_extension("1")).unwrap();
        symlink(path.with_extension("1"), path).unwrap();
    }),
    ("cut off", false, |path| fs::write(path, "o").unwrap()),
    ("added to", true, |path| add(path, "other\n")),
];

#[test]
fn a_commit_fails_if_the_records_would_not_be_in_the_file() {
    for (what, succeeds, change) in CHANGES {
        for is_new in [false, true] {
            let (_folder, path) = folder_with_old();
            if is_new {
                fs::remove_file(&path).unwrap();
            }
            let file = begun(&path);
            change(&path);
            match file.commit() {
                Ok(()) => assert!(succeeds && text(&path).contains("new\n"), "{what}"),
                Err(error) => {
                    let says = "it was removed, replaced, cut off or written to by something else";
                    assert!(!succeeds && matches!(error, IoError::Commit { .. }), "{what}: {error:?}");
                    assert!(format!("{error:?}").contains(says), "{what}: {error:?}");
                }
            }
        }
    }
}

#[test]
fn what_something_else_has_written_is_never_cut_off() {
    let (_folder, path) = folder_with_old();
    let file = begun(&path);
    add(&path, "other\n");
    drop(file);
    assert_eq!(text(&path), "old\nnew\nother\n");

    let file = begun(&path);
    fs::rename(&path, path.with_extension("1")).unwrap();
    fs::write(&path, "other\n").unwrap();
    drop(file);
    assert_eq!(text(&path), "other\n");
    assert_eq!(text(&path.with_extension("1")), "old\nnew\nother\n");
}

#[test]
fn a_write_that_fails_halfway_is_cut_off() {
    let (_folder, path) = folder_with_old();
    let me = std::env::current_exe().unwrap();
    // An ignored signal stays ignored in the program that replaces the shell.
    let line = "trap '' XFSZ; ulimit -f 1; exec \"$@\"";
    let mut child = Command::new("sh");
    child.args(["-c", line, "sh"]).arg(me).args(["--exact", "child_that_writes_too_much"]);
    assert!(child.env("GODATA_IO_LIMITED", &path).status().unwrap().success());
    assert_eq!(text(&path), "old\n");
}

/// `a_write_that_fails_halfway_is_cut_off` runs this in a process whose files can't grow much. Otherwise it does nothing.
#[test]
fn child_that_writes_too_much() {
    let Some(path) = std::env::var_os("GODATA_IO_LIMITED") else { return };
    let mut file = append(Path::new(&path)).open().unwrap();
    let error = file.write_all(&[b'x'; 10_000]).unwrap_err();
    assert!(matches!(error, IoError::Write { .. }), "{error:?}");
    assert!(fs::metadata(&path).unwrap().len() > 4);
}

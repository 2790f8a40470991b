//! The temporary files of runs that were killed.
#![allow(clippy::unwrap_used, reason = "a panic fails the test")]
#![cfg(unix)]

use std::fs;
use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::fs::{chown, symlink};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use godata_io::{Output, OutputFile};
use tempfile::tempdir;

/// The names of all entries, including hidden ones. The random part of a name is left out.
fn names(folder: &Path) -> Vec<String> {
    let entries =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let plain = |name: String| match name.strip_suffix(".tmp").and_then(|name| name.rsplit_once('.')) {
        Some((stem, random)) if random.len() == 6 => format!("{stem}.RANDOM.tmp"),
        _ => name,
    };
    let mut names: Vec<_> = entries.map(plain).collect();
    names.sort();
    names
}

fn begun(path: &Path) -> OutputFile {
    let mut file = Output::path(path).open().unwrap();
    file.write_all(b"new").unwrap();
    file
}

/// Other tests run this in a process of its own. Otherwise it does nothing.
#[test]
fn child_that_replaces() {
    let Some(path) = std::env::var_os("GODATA_IO_REPLACES") else { return };
    let file = begun(Path::new(&path));
    println!("\nbegun");
    std::io::stdin().read_to_end(&mut Vec::new()).unwrap();
    file.commit().unwrap();
}

/// Another process that has begun to replace a file. It commits at the end of its standard input.
fn child(path: &Path) -> Child {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "child_that_replaces", "--nocapture"])
        .env("GODATA_IO_REPLACES", path)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.as_mut().unwrap()).lines();
    assert!(lines.any(|line| line.unwrap() == "begun"));
    child
}

fn kill(mut child: Child) {
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn the_files_of_dead_runs_are_removed_and_those_of_others_are_not() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("out.csv");
    let (random, list) = (".out.csv.RANDOM.tmp", |number| format!(".out.csv.{number}.tmp"));
    let children = [child(&path), child(&path), child(&path)];
    assert_eq!(names(folder.path()), [&list(1), &list(2), &list(3), random, random, random]);
    let [first, mut second, third] = children;
    kill(first);
    kill(third);
    assert_eq!(names(folder.path()).len(), 6);

    // It takes the list of the first over.
    let file = begun(&path);
    assert_eq!(names(folder.path()), [&list(1), &list(2), &list(3), random, random, random]);
    // This one takes that of the third.
    let other = begun(&path);
    assert_eq!(names(folder.path()), [&list(1), &list(2), &list(3), random, random, random]);
    drop(other);
    file.commit().unwrap();
    assert_eq!(names(folder.path()), [&list(2), random, "out.csv"]);

    drop(second.stdin.take());
    assert!(second.wait().unwrap().success());
    assert_eq!(names(folder.path()), ["out.csv"]);
}

#[test]
fn the_files_of_other_outputs_stay() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("out.csv");
    kill(child(&path));
    begun(&folder.path().join("other.csv")).commit().unwrap();
    assert_eq!(names(folder.path()), [".out.csv.1.tmp", ".out.csv.RANDOM.tmp", "other.csv"]);
    let link = folder.path().join("link");
    symlink("out.csv", &link).unwrap();
    begun(&link).commit().unwrap();
    assert_eq!(names(folder.path()), ["link", "other.csv", "out.csv"]);
}

#[test]
fn a_relative_path_is_found_from_another_directory() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("out.csv");
    let mut program = Command::new(std::env::current_exe().unwrap());
    program.args(["--exact", "child_that_replaces", "--nocapture"]).env("GODATA_IO_REPLACES", "out.csv");
    let mut killed =
        program.current_dir(folder.path()).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(killed.stdout.as_mut().unwrap()).lines();
    assert!(lines.any(|line| line.unwrap() == "begun"));
    kill(killed);
    begun(&path).commit().unwrap();
    assert_eq!(names(folder.path()), ["out.csv"]);
}

/// The path of the list that a run would have.
type Obstacle = fn(&Path);

#[test]
fn what_is_no_list_is_left_alone() {
    let obstacles: [(&str, Obstacle); 6] = [
        ("a file of the user", |list| fs::write(list, "keep").unwrap()),
        ("a directory", |list| fs::create_dir(list).unwrap()),
        ("a link", |list| {
            fs::write(list.with_extension("victim"), "keep").unwrap();
            symlink(list.with_extension("victim"), list).unwrap();
        }),
        ("a link to nothing", |list| symlink("nothing", list).unwrap()),
        ("a file with another name", |list| {
            fs::write(list.with_extension("victim"), "").unwrap();
            fs::hard_link(list.with_extension("victim"), list).unwrap();
        }),
        ("a fifo", |list| assert!(Command::new("mkfifo").arg(list).status().unwrap().success())),
    ];
    for (what, obstacle) in obstacles {
        let folder = tempdir().unwrap();
        obstacle(&folder.path().join(".out.csv.1.tmp"));
        let before = names(folder.path());
        begun(&folder.path().join("out.csv")).commit().unwrap();
        let mut after = names(folder.path());
        assert_eq!(after.pop().as_deref(), Some("out.csv"), "{what}");
        assert_eq!(after, before, "{what}");
        let victim = folder.path().join(".out.csv.1.victim");
        assert!(fs::read(&victim).map_or(true, |text| text.is_empty() || text == b"keep"), "{what}");
    }
}

#[test]
fn a_list_of_another_user_is_not_trusted() {
    let folder = tempdir().unwrap();
    let (list, victim) = (folder.path().join(".out.csv.1.tmp"), folder.path().join(".valuable.tmp"));
    fs::write(&victim, "keep").unwrap();
    fs::write(&list, "godata: temporary files of a run\0.valuable.tmp\0").unwrap();
    if chown(&list, Some(65534), None).is_err() {
        let mut shown = std::io::stderr();
        return writeln!(shown, "skipped: only root can give a file to another user").unwrap();
    }
    begun(&folder.path().join("out.csv")).commit().unwrap();
    assert_eq!(names(folder.path()), [".out.csv.1.tmp", ".valuable.tmp", "out.csv"]);
}

#[test]
fn only_files_that_look_temporary_are_removed() {
    let folder = tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    for name in ["orders.csv", ".hidden", "a.tmp", ".temporary.tmp"] {
        fs::write(path(name), "keep").unwrap();
    }
    let listed = "orders.csv\0.hidden\0a.tmp\0\0..\0.\0.temporary.tmp\0.none.tmp\0.cut";
    fs::write(path(".out.csv.1.tmp"), format!("godata: temporary files of a run\0{listed}")).unwrap();
    begun(&path("out.csv")).commit().unwrap();
    assert_eq!(names(folder.path()), [".hidden", "a.tmp", "orders.csv", "out.csv"]);
}

#[test]
fn a_list_that_is_removed_during_a_run_is_not_missed() {
    let folder = tempdir().unwrap();
    let (path, list) = (folder.path().join("out.csv"), folder.path().join(".out.csv.1.tmp"));
    let file = begun(&path);
    fs::remove_file(&list).unwrap();
    // Another run has a list of the same name now. The first must not remove it.
    let other = begun(&path);
    file.commit().unwrap();
    assert!(File::open(&list).unwrap().try_lock().is_err());
    other.commit().unwrap();
    assert_eq!(names(folder.path()), ["out.csv"]);
}

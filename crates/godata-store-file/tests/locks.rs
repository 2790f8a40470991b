//! One process at a time, and what the store refuses to open.

#![allow(clippy::unwrap_used, reason = "a test that can't go on fails")]
#![cfg(unix)]

mod support;

use std::fs::{self, Permissions};
use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown, symlink};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use godata_core::StoreError;
use godata_store_file::FileStore;

use support::{History, beside};

/// Tells a child process of this test what to open.
const CHILD: &str = "GODATA_STORE_OF_CHILD";

/// The child process: opens the store, reports it, and keeps it open until its standard input ends.
#[test]
fn child() {
    let Ok(path) = std::env::var(CHILD) else { return };
    match FileStore::open(&path) {
        Ok(_store) => {
            println!("\nopened");
            std::io::stdin().lines().for_each(drop);
        }
        Err(error) => println!("\n{}", godata_core::error_chain(&error)),
    }
}

/// A child process that opens the store, and its output.
fn start_child(path: &Path, command: &mut Command) -> (Child, String) {
    let mut child = command
        .args(["child", "--exact", "--nocapture"])
        .env(CHILD, path)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
    let said =
        lines.find(|line| line == "opened" || line.starts_with("the store") || line.starts_with("can't"));
    (child, said.unwrap())
}

fn this_program() -> Command {
    Command::new(std::env::current_exe().unwrap())
}

#[test]
fn a_second_handle_learns_who_has_the_store() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("state.json");
    let store = FileStore::open(&path).unwrap();
    let link = dir.path().join("link.json");
    symlink("state.json", &link).unwrap();
    for path in [&path, &link] {
        match FileStore::open(path) {
            Err(StoreError::Locked { place, pid, host }) => {
                assert!(place.ends_with("state.json"), "{place}");
                assert_eq!(pid, Some(std::process::id()));
                assert!(host.is_some_and(|host| !host.is_empty()));
            }
            other => panic!("{other:?}"),
        }
    }
    drop(store);
    drop(FileStore::open(&path).unwrap());
}

#[test]
fn a_killed_process_releases_the_lock() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("state.json");
    let (mut child, said) = start_child(&path, &mut this_program());
    assert_eq!(said, "opened");
    match FileStore::open(&path) {
        Err(StoreError::Locked { pid, .. }) => assert_eq!(pid, Some(child.id())),
        other => panic!("{other:?}"),
    }
    child.kill().unwrap();
    child.wait().unwrap();
    drop(FileStore::open(&path).unwrap());
}

#[test]
fn a_waiting_process_gets_the_lock_once_it_is_free() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("state.json");
    let (mut child, _) = start_child(&path, &mut this_program());
    let refused = FileStore::open_wait(&path, Duration::from_millis(1));
    assert!(matches!(refused, Err(StoreError::Locked { .. })), "{refused:?}");
    drop(child.stdin.take());
    drop(FileStore::open_wait(&path, Duration::from_secs(60)).unwrap());
    child.wait().unwrap();
}

#[test]
fn files_are_readable_by_their_owner_only() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("state.json");
    drop(FileStore::open(&path).unwrap());
    for suffix in ["", ".journal", ".lock"] {
        let mode = fs::metadata(beside(&path, suffix)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "state.json{suffix}");
    }
    let path = dir.path().join("readable.json");
    drop(FileStore::builder(&path).mode(0o640).open().unwrap());
    let mode = fs::metadata(&path).unwrap().permissions().mode();
    assert_eq!(mode & 0o777 & !0o040, 0o600);
}

#[test]
fn mode_and_group_set_by_an_operator_persist() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("state.json");
    let mut orders = History::new("orders");
    orders.commit(&FileStore::open(&path).unwrap());
    // The usual umask would remove bits of the first; the second grants more than the settings would.
    let modes = [("", 0o660), (".journal", 0o604)];
    let is_root = rustix::process::geteuid().is_root();
    for (suffix, mode) in modes {
        fs::set_permissions(beside(&path, suffix), Permissions::from_mode(mode)).unwrap();
        if is_root {
            chown(beside(&path, suffix), None, Some(65534)).unwrap();
        }
    }
    let assert_kept = |path: &Path| {
        for (suffix, mode) in modes {
            let metadata = fs::metadata(beside(path, suffix)).unwrap();
            assert_eq!(metadata.mode() & 0o777, mode, "{}", beside(path, suffix).display());
            let group = if is_root { 65534 } else { metadata.gid() };
            assert_eq!(metadata.gid(), group, "{}", beside(path, suffix).display());
        }
    };
    let store = FileStore::open(&path).unwrap();
    for _ in 0..2 {
        orders.commit(&store);
        support::block_on(store.snapshot()).unwrap();
        assert_kept(&path);
    }
    orders.commit(&store);

    // The journal of a killed process is rewritten.
    let (_killed, path) = killed(dir.path());
    for (suffix, _) in modes.iter().filter(|_| is_root) {
        chown(beside(&path, suffix), None, Some(65534)).unwrap();
    }
    drop(FileStore::open(&path).unwrap());
    assert_kept(&path);
}

#[test]
fn a_file_whose_group_can_t_be_kept_gets_no_group_permissions() {
    let dir = tempfile::tempdir().unwrap();
    let store = FileStore::open(dir.path().join("state.json")).unwrap();
    History::new("orders").commit(&store);
    let (killed, path) = killed(dir.path());
    fs::set_permissions(killed.path(), Permissions::from_mode(0o777)).unwrap();
    fs::set_permissions(beside(&path, ".journal"), Permissions::from_mode(0o664)).unwrap();
    if rustix::process::geteuid().is_root() {
        for suffix in ["", ".journal", ".lock"] {
            chown(beside(&path, suffix), Some(65534), Some(0)).unwrap();
        }
    }
    let Some(said) = opened_by_nobody(&path) else { return };
    assert_eq!(said, "opened");
    let journal = fs::metadata(beside(&path, ".journal")).unwrap();
    assert_eq!((journal.gid(), journal.mode() & 0o777), (65534, 0o604));
}

/// The files that a process killed at this moment leaves.
fn killed(dir: &Path) -> (tempfile::TempDir, PathBuf) {
    let left = tempfile::tempdir().unwrap();
    support::copy_all(dir, left.path());
    let path = left.path().join("state.json");
    (left, path)
}

#[test]
fn a_symbolic_link_is_followed_and_stays_a_link() {
    let (dir, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (link, target) = (dir.path().join("link.json"), elsewhere.path().join("state.json"));
    let mut orders = History::new("orders");
    orders.commit(&FileStore::open(&target).unwrap());
    symlink(&target, &link).unwrap();
    let store = FileStore::open(&link).unwrap();
    orders.commit(&store);
    support::block_on(store.snapshot()).unwrap();
    drop(store);
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1, "all files are beside the target");
    orders.assert_in(&FileStore::open(&target).unwrap());
}

#[test]
fn anything_but_a_regular_file_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let invalid = |path: &Path| {
        let results = [FileStore::open(path), FileStore::open_read_only(path)];
        for result in
            results.into_iter().map(|result| result.map(drop)).chain([FileStore::verify(path).map(drop)])
        {
            assert!(matches!(result, Err(StoreError::Invalid { .. })), "{path:?}: {result:?}");
        }
    };
    invalid(dir.path());
    let path = dir.path().join("state.json");
    drop(UnixListener::bind(&path).unwrap());
    invalid(&path);
    fs::remove_file(&path).unwrap();
    drop(FileStore::open(&path).unwrap());
    for suffix in [".journal", ".lock", ".tmp"] {
        let (file, moved) = (beside(&path, suffix), dir.path().join("moved"));
        let had_one = fs::rename(&file, &moved).is_ok();
        symlink("/dev/null", &file).unwrap();
        invalid(&path);
        fs::remove_file(&file).unwrap();
        if had_one {
            fs::rename(&moved, &file).unwrap();
        }
    }
    let result = FileStore::open(dir.path().join("absent/state.json"));
    assert!(matches!(result, Err(StoreError::Unavailable { .. })), "{result:?}");
    fs::remove_file(&path).unwrap();
    symlink("nowhere.json", &path).unwrap();
    let result = FileStore::open(&path);
    assert!(matches!(result, Err(StoreError::Unavailable { .. })), "{result:?}");
}

/// Opens the store as the user `nobody` and returns the output; `None` if this user can't switch to another.
fn opened_by_nobody(path: &Path) -> Option<String> {
    if rustix::process::geteuid().as_raw() != 0 {
        // Written directly, so that it shows even when test output is captured.
        drop(std::io::stderr().write_all(b"skipped: only root can become another user\n"));
        return None;
    }
    // The user `nobody` may have no access to the directory of the test program.
    let dir = tempfile::tempdir().unwrap();
    let program = dir.path().join("program");
    fs::copy(std::env::current_exe().unwrap(), &program).unwrap();
    fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let mut command = Command::new("setpriv");
    command.args(["--reuid=65534", "--regid=65534", "--clear-groups"]).arg(&program);
    let (mut child, said) = start_child(path, &mut command);
    drop(child.stdin.take());
    child.wait().unwrap();
    Some(said)
}

#[test]
fn a_read_only_directory_is_reported() {
    let dir = tempfile::tempdir().unwrap();
    fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let path = dir.path().join("state.json");
    if let Some(said) = opened_by_nobody(&path) {
        let lock = beside(&path, ".lock");
        let expected =
            format!("the store is not available: can't lock {}: Permission denied", lock.display());
        assert!(said.starts_with(&expected), "{said}");
    }
}

#[test]
fn the_files_of_another_user_are_refused_and_not_replaced() {
    let dir = tempfile::tempdir().unwrap();
    fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o777)).unwrap();
    let path = dir.path().join("state.json");
    let Some(said) = opened_by_nobody(&path) else { return };
    assert_eq!(said, "opened");
    let owner = |suffix| fs::metadata(beside(&path, suffix)).unwrap().uid();
    let error = FileStore::open(&path).unwrap_err();
    assert!(matches!(error, StoreError::Invalid { .. }), "{error:?}");
    assert!(godata_core::error_chain(&error).to_string().contains("belongs to user 65534"), "{error:?}");
    assert_eq!((owner(""), owner(".lock")), (65534, 65534));
    drop(FileStore::open_read_only(&path).unwrap());
}

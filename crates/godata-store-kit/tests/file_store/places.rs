//! Where a store may be, and who may open it.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;
use std::process::{Command, Output};

use godata_core::StoreError;
use godata_store_file::FileStore;
use godata_store_kit::{Ledger, file_store};

use crate::support::{commit, read};

const PROGRAM: &str = env!("CARGO_BIN_EXE_godata-store-kit");

/// The output of a process that makes two commits.
fn process(path: &Path) -> Output {
    Command::new(PROGRAM).arg("commit").arg(path).args(["7", "2"]).output().unwrap()
}

#[test]
fn a_store_can_be_open_only_once() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("state.json");
    let store = file_store::open_path(&path).unwrap();
    match FileStore::open(&path) {
        Err(StoreError::Locked { pid, .. }) => assert_eq!(pid, Some(std::process::id())),
        other => panic!("{other:?}"),
    }
    let other = process(&path);
    assert!(!other.status.success());
    let said = String::from_utf8_lossy(&other.stderr).into_owned();
    assert!(said.contains(&format!("in use by process {}", std::process::id())), "{said}");
    drop(store);
    assert!(process(&path).status.success());
    assert!(FileStore::open(&path).is_ok());
}

#[test]
fn a_read_only_directory_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let program = dir.path().join("program");
    fs::copy(PROGRAM, &program).unwrap();
    let path = dir.path().join("state.json");
    let command = |words: &[&str]| {
        let mut command = Command::new(words[0]);
        command.args(&words[1..]).arg(&program).arg("commit").arg(&path).args(["7", "2"]).output()
    };
    let output = match fs::metadata("/proc/self").map(|own| std::os::unix::fs::MetadataExt::uid(&own)) {
        Ok(0) => command(&["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]).unwrap(),
        _ => {
            fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o555)).unwrap();
            command(&["env"]).unwrap()
        }
    };
    let said = output.stderr;
    let said = String::from_utf8_lossy(&said);
    assert!(!output.status.success(), "{said}");
    assert!(said.contains("Permission denied") && said.contains("state.json"), "{said}");
    assert!(!path.exists());
}

#[test]
fn a_path_that_is_not_a_file_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    for name in ["directory", "missing/state.json", ""] {
        let path = dir.path().join(name);
        fs::create_dir_all(dir.path().join("directory")).unwrap();
        let result = FileStore::open(&path);
        assert!(result.is_err(), "{name:?}: {result:?}");
    }
}

#[test]
fn a_symbolic_link_stays_a_link() {
    let dir = tempfile::tempdir().unwrap();
    let (link, target) = (dir.path().join("link.json"), dir.path().join("target").join("state.json"));
    fs::create_dir(dir.path().join("target")).unwrap();
    let mut ledger = Ledger::new(1, 2);
    commit(&file_store::open_path(&target).unwrap(), &mut ledger, 3);
    symlink(&target, &link).unwrap();
    let store = file_store::open_path(&link).unwrap();
    commit(&store, &mut ledger, 30);
    let found = read(&store);
    assert!(file_store::open_path(&target).is_err(), "two have it open, by two names");
    drop(store);
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    assert_eq!(read(&file_store::open_path(&target).unwrap()), found);
}

#[test]
fn a_full_file_system_loses_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let place = dir.path().to_str().unwrap();
    let mount = ["-t", "tmpfs", "-o", "size=64k", "none", place];
    let mounted = match Command::new("mount").args(mount).output() {
        Ok(output) if output.status.success() => Mounted(place),
        Ok(output) => return println!("skipped: {}", String::from_utf8_lossy(&output.stderr)),
        Err(error) => return println!("skipped: mount: {error}"),
    };
    let path = dir.path().join("state.json");
    let mut ledger = Ledger::new(5, 3);
    let store = file_store::open_path(&path).unwrap();
    let runtime = crate::support::runtime();
    // The first write that is refused may be that of a snapshot; smaller writes may still succeed.
    let mut refusals = 0;
    while refusals < 20 {
        let (number, commit) = ledger.next_of_any();
        match runtime.block_on(godata_core::Store::commit(&store, &commit)) {
            Ok(_) => ledger.acknowledge(number),
            Err(error) => {
                assert!(matches!(error, StoreError::Full { .. }), "{error:?}");
                ledger.resume(&read(&store));
                refusals += 1;
            }
        }
    }
    let before = read(&store);
    ledger.check(&before, &ledger.all_promises()).unwrap();
    drop(store);
    // While the disk is full, opening succeeds or reports it. With space again, everything is there.
    if let Err(error) = file_store::open_path(&path) {
        assert!(matches!(error, StoreError::Full { .. }), "{error:?}");
    }
    assert!(Command::new("mount").args(["-o", "remount,size=1m", place]).status().unwrap().success());
    let store = file_store::open_path(&path).unwrap();
    assert_eq!(read(&store), before);
    commit(&store, &mut ledger, 30);
    drop((store, mounted));
}

/// A file system that is unmounted when it is dropped.
struct Mounted<'a>(&'a str);

impl Drop for Mounted<'_> {
    fn drop(&mut self) {
        let unmounted = Command::new("umount").arg(self.0).status();
        assert!(std::thread::panicking() || unmounted.is_ok_and(|status| status.success()));
    }
}

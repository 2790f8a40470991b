//! What an output leaves behind, on success and on failure.
#![allow(clippy::unwrap_used, reason = "a panic fails the test")]
#![cfg(unix)]

use std::error::Error;
use std::fs;
use std::fs::Permissions;
use std::io::Read;
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;

use godata_io::{IoError, Output};
use tempfile::{TempDir, tempdir};

fn write(path: &Path, text: &str) -> Result<(), IoError> {
    let mut file = Output::path(path).open()?;
    file.write_all(text.as_bytes())?;
    file.commit()
}

/// The names of all entries, including hidden ones.
fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

fn text(path: &Path) -> String {
    fs::read_to_string(path).unwrap()
}

fn folder_with_old() -> (TempDir, PathBuf) {
    let folder = tempdir().unwrap();
    let path = folder.path().join("out.csv");
    fs::write(&path, "old").unwrap();
    (folder, path)
}

fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text = format!("{text}: {error}");
        source = error.source();
    }
    text
}

#[test]
fn a_commit_replaces_the_old_file_and_leaves_nothing_else() {
    let (folder, path) = folder_with_old();
    write(&path, "new").unwrap();
    assert_eq!((text(&path).as_str(), names(folder.path())), ("new", vec!["out.csv".into()]));
}

#[test]
fn a_drop_leaves_the_old_file_and_nothing_else() {
    let (folder, path) = folder_with_old();
    let mut file = Output::path(&path).open().unwrap();
    file.write_all(b"new").unwrap();
    let found = names(folder.path());
    assert!(found[0].starts_with(".out.csv.") && found[0].ends_with(".tmp"), "{found:?}");
    drop(file);
    assert_eq!((text(&path).as_str(), names(folder.path())), ("old", vec!["out.csv".into()]));
}

#[test]
fn an_open_output_is_not_visible_under_its_name() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("out.csv");
    let file = Output::path(&path).open().unwrap();
    assert!(!path.exists());
    file.commit().unwrap();
    assert_eq!(text(&path), "");
}

#[test]
fn the_mode_of_the_old_file_is_kept_and_is_never_wider_in_between() {
    let (folder, path) = folder_with_old();
    for mode in [0o600, 0o640, 0o444, 0o666, 0o755] {
        fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
        let file = Output::path(&path).open().unwrap();
        let temporary = folder.path().join(&names(folder.path())[0]);
        assert_eq!(fs::metadata(temporary).unwrap().mode() & 0o7777, mode);
        file.commit().unwrap();
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o7777, mode);
    }
}

#[test]
fn a_new_file_has_the_mode_of_any_new_file() {
    let folder = tempdir().unwrap();
    let (ours, others) = (folder.path().join("ours"), folder.path().join("others"));
    write(&ours, "").unwrap();
    fs::write(&others, "").unwrap();
    assert_eq!(fs::metadata(ours).unwrap().mode(), fs::metadata(others).unwrap().mode());
}

#[test]
fn the_target_of_a_link_is_replaced() {
    let (folder, path) = folder_with_old();
    fs::create_dir(folder.path().join("links")).unwrap();
    let (near, far) = (folder.path().join("near"), folder.path().join("links/far"));
    symlink("out.csv", &near).unwrap();
    symlink("../near", &far).unwrap();
    write(&far, "new").unwrap();
    assert!(fs::symlink_metadata(&near).unwrap().is_symlink());
    assert!(fs::symlink_metadata(&far).unwrap().is_symlink());
    assert_eq!(text(&path), "new");
    assert_eq!(names(&folder.path().join("links")), ["far"]);
}

#[test]
fn the_missing_target_of_a_link_is_created() {
    let folder = tempdir().unwrap();
    let link = folder.path().join("link");
    symlink("created.csv", &link).unwrap();
    write(&link, "new").unwrap();
    assert_eq!(text(&folder.path().join("created.csv")), "new");
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
}

#[test]
fn links_in_a_circle_are_refused() {
    let folder = tempdir().unwrap();
    let (a, b) = (folder.path().join("a"), folder.path().join("b"));
    symlink("b", &a).unwrap();
    symlink("a", &b).unwrap();
    assert!(matches!(Output::path(&a).open(), Err(IoError::Create { .. })));
}

#[test]
fn a_directory_is_refused() {
    let folder = tempdir().unwrap();
    let error = Output::path(folder.path()).open().unwrap_err();
    let expected = format!("`{}` is a directory, and can't be replaced by a file", folder.path().display());
    assert_eq!(error.to_string(), expected);
}

#[test]
fn the_error_names_a_missing_directory() {
    let folder = tempdir().unwrap();
    let directory = folder.path().join("missing");
    let path = directory.join("out.csv");
    let error = Output::path(&path).open().unwrap_err();
    let expected = format!(
        "`{}` can't be written: the directory `{}` does not exist; `create_parents` creates it",
        path.display(),
        directory.display()
    );
    assert_eq!(error.to_string(), expected);
}

#[test]
fn a_file_where_the_directory_should_be_is_refused() {
    let (_folder, path) = folder_with_old();
    let error = Output::path(path.join("out.csv")).open().unwrap_err();
    assert!(matches!(error, IoError::Create { .. }), "{error:?}");
    assert!(chain(&error).contains("can't be written: "), "{error}");
}

#[test]
fn a_path_that_names_no_file_is_refused() {
    let folder = tempdir().unwrap();
    let slash = format!("{}/new/", folder.path().display());
    for path in ["", slash.as_str()] {
        assert!(matches!(Output::path(path).open(), Err(IoError::NoFileName { .. })), "{path}");
    }
}

#[test]
fn a_path_without_a_directory_is_relative_to_the_working_directory() {
    let name = format!("godata-io-test-{}.tmp", std::process::id());
    let file = Output::path(&name).open().unwrap();
    drop(file);
    assert!(!Path::new(&name).exists());
}

#[test]
fn a_name_of_the_maximum_length_can_be_written() {
    let folder = tempdir().unwrap();
    for name in ["n".repeat(255), "ä".repeat(127)] {
        let path = folder.path().join(name);
        write(&path, "new").unwrap();
        assert_eq!(text(&path), "new");
    }
}

/// `an_unwritable_directory_is_refused` runs this in a process without privileges. Otherwise it does nothing.
#[test]
fn child_without_privileges() {
    let Some(path) = std::env::var_os("GODATA_IO_UNWRITABLE") else { return };
    let error = Output::path(PathBuf::from(path)).open().unwrap_err();
    assert!(matches!(error, IoError::Create { .. }), "{error:?}");
    assert!(chain(&error).contains("can't be written: permission denied"), "{}", chain(&error));
}

#[test]
fn an_unwritable_directory_is_refused() {
    let (folder, path) = folder_with_old();
    fs::set_permissions(folder.path(), Permissions::from_mode(0o555)).unwrap();
    let me = std::env::current_exe().unwrap();
    let is_root = fs::metadata("/proc/self").is_ok_and(|me| me.uid() == 0);
    let mut child = if is_root {
        // The user `nobody` may not be able to reach the test's own program.
        let copy = folder.path().join("child");
        fs::copy(me, &copy).unwrap();
        fs::set_permissions(&copy, Permissions::from_mode(0o755)).unwrap();
        let mut child = Command::new("setpriv");
        child.args(["--reuid=65534", "--regid=65534", "--clear-groups"]).arg(copy);
        child
    } else {
        Command::new(me)
    };
    child.args(["--exact", "child_without_privileges"]).env("GODATA_IO_UNWRITABLE", &path);
    match child.output() {
        Ok(output) => {
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
            assert_eq!(text(&path), "old");
        }
        Err(error) => {
            use std::io::Write;
            writeln!(std::io::stderr(), "skipped: privileges can't be dropped: {error}").unwrap();
        }
    }
    fs::set_permissions(folder.path(), Permissions::from_mode(0o755)).unwrap();
}

#[test]
fn a_full_disk_fails_the_write() {
    let mut file = Output::path("/dev/full").open().unwrap();
    let error = file.write_all(b"new").unwrap_err();
    assert_eq!(chain(&error), "writing `/dev/full` failed: No space left on device (os error 28)");
    assert!(fs::metadata("/dev/full").unwrap().file_type().is_char_device());
}

#[test]
fn a_fifo_is_written_to_directly() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("fifo");
    assert!(Command::new("mkfifo").arg(&path).status().unwrap().success());
    let reader = thread::spawn({
        let path = path.clone();
        move || {
            let mut text = String::new();
            fs::File::open(path).unwrap().read_to_string(&mut text).unwrap();
            text
        }
    });
    write(&path, "new").unwrap();
    assert_eq!(reader.join().unwrap(), "new");
    assert!(fs::metadata(&path).unwrap().file_type().is_fifo());
}

#[test]
fn a_target_that_became_a_directory_fails_the_commit() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("out.csv");
    let file = Output::path(&path).open().unwrap();
    fs::create_dir(&path).unwrap();
    let error = file.commit().unwrap_err();
    assert!(matches!(error, IoError::Commit { .. }), "{error:?}");
    assert_eq!(names(folder.path()), ["out.csv"]);
}

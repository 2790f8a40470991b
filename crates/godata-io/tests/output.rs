//! What an output leaves behind, on success and on failure.
#![allow(clippy::unwrap_used, reason = "a panic fails the test")]
#![cfg(unix)]

use std::error::Error;
use std::fs;
use std::fs::Permissions;
use std::io::{Read, Write};
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt, chown, lchown, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;

use godata_io::{IoError, Output, OutputFile};
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

/// Shows why a test is skipped, even when the output of tests is captured.
fn skipped(why: &str) {
    let mut shown = std::io::stderr();
    writeln!(shown, "skipped: {why}").unwrap();
}

fn text(path: &Path) -> String {
    fs::read_to_string(path).unwrap()
}

/// The temporary file of the only run that is active.
fn temporary(folder: &Path) -> PathBuf {
    let names = names(folder);
    let name = names.iter().find(|name| name.ends_with(".tmp") && !name.ends_with(".1.tmp"));
    folder.join(name.unwrap())
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
    // The list of temporary files, one with a random name, and the old file.
    let found = names(folder.path());
    assert!(found.len() == 3 && found.contains(&".out.csv.1.tmp".to_owned()), "{found:?}");
    assert!(
        found[..2].iter().all(|name| name.starts_with(".out.csv.") && name.ends_with(".tmp")),
        "{found:?}"
    );
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
        set_mode(&path, mode);
        let file = Output::path(&path).open().unwrap();
        assert_eq!(fs::metadata(temporary(folder.path())).unwrap().mode() & 0o7777, mode);
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

/// Other tests run this in a process without privileges. It replaces a file and prints the error. Otherwise it does nothing.
#[test]
fn child_without_privileges() {
    let Some(path) = std::env::var_os("GODATA_IO_UNPRIVILEGED") else { return };
    match write(Path::new(&path), "new") {
        Ok(()) => println!("\nreplaced"),
        Err(error) => println!("\n{}", chain(&error)),
    }
}

fn is_root() -> bool {
    fs::metadata("/proc/self").is_ok_and(|me| me.uid() == 0)
}

/// Replaces a file in a process of the user 65534, who has these groups besides 65534. Returns `replaced` or the error; `None`
/// if privileges can't be dropped.
fn replace_without_privileges(path: &Path, groups: &str) -> Option<String> {
    // The user may not be able to reach the test's own program.
    let folder = tempdir().unwrap();
    fs::set_permissions(folder.path(), Permissions::from_mode(0o755)).unwrap();
    let copy = folder.path().join("child");
    fs::copy(std::env::current_exe().unwrap(), &copy).unwrap();
    fs::set_permissions(&copy, Permissions::from_mode(0o755)).unwrap();
    let mut child = Command::new("setpriv");
    child.args(["--reuid=65534", "--regid=65534", groups]).arg(copy);
    child.args(["--exact", "child_without_privileges", "--nocapture"]).env("GODATA_IO_UNPRIVILEGED", path);
    let why = match child.output() {
        Ok(output) if output.status.success() => {
            let printed = String::from_utf8(output.stdout).unwrap();
            let says =
                |line: &&str| *line == "replaced" || line.starts_with('`') || line.starts_with("committing");
            return Some(printed.lines().find(says).unwrap().to_owned());
        }
        Ok(output) => String::from_utf8_lossy(&output.stderr).into_owned(),
        Err(error) => error.to_string(),
    };
    skipped(&format!("privileges can't be dropped: {why}"));
    None
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

fn mode_and_owners(path: &Path) -> (u32, u32, u32) {
    let file = fs::metadata(path).unwrap();
    (file.mode() & 0o7777, file.uid(), file.gid())
}

#[test]
fn an_unwritable_directory_is_refused() {
    let (folder, path) = folder_with_old();
    set_mode(folder.path(), 0o555);
    if let Some(says) = replace_without_privileges(&path, "--clear-groups") {
        assert_eq!(says, format!("`{}` can't be written: permission denied", path.display()));
        assert_eq!(text(&path), "old");
    }
    set_mode(folder.path(), 0o755);
}

#[test]
fn a_file_that_the_sticky_bit_protects_is_refused_before_it_is_written() {
    let (folder, path) = folder_with_old();
    set_mode(folder.path(), 0o1777);
    if let Some(says) = replace_without_privileges(&path, "--clear-groups") {
        let refused = "can't be written: Operation not permitted (os error 1)";
        assert_eq!(says, format!("`{}` {refused}", path.display()));
        assert_eq!((text(&path).as_str(), names(folder.path()).len()), ("old", 1));
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_file_that_nobody_can_replace_is_refused_before_it_is_written() {
    let mount = |path: &Path| Command::new("mount").arg("--bind").args([path, path]).output();
    let unmount = |path: &Path| Command::new("umount").arg(path).output();
    let chattr = |change, path: &Path| Command::new("chattr").arg(change).arg(path).output();
    type Change<'a> = &'a dyn Fn(&Path) -> std::io::Result<std::process::Output>;
    let table: [(Change<'_>, Change<'_>, &str); 3] = [
        (
            &mount,
            &unmount,
            "it is a mount point, which can't be replaced; mount its directory, or append to it",
        ),
        (&|path| chattr("+i", path), &|path| chattr("-i", path), "Operation not permitted (os error 1)"),
        (&|path| chattr("+a", path), &|path| chattr("-a", path), "Operation not permitted (os error 1)"),
    ];
    for (protect, release, says) in table {
        let (folder, path) = folder_with_old();
        if !protect(&path).is_ok_and(|output| output.status.success()) {
            skipped("files can't be mounted, or have no such attributes");
            continue;
        }
        let opened = Output::path(&path).open();
        assert!(release(&path).unwrap().status.success());
        let error = opened.unwrap_err();
        assert_eq!(chain(&error), format!("`{}` can't be written: {says}", path.display()));
        assert_eq!((text(&path).as_str(), names(folder.path()).len()), ("old", 1));
    }
}

#[test]
fn the_group_of_the_old_file_is_kept_or_loses_its_rights() {
    for (groups, mode, gid) in [("--groups=50", 0o664, 50), ("--clear-groups", 0o604, 65534)] {
        let (folder, path) = folder_with_old();
        set_mode(folder.path(), 0o777);
        if chown(&path, Some(65534), Some(50)).is_err() {
            return skipped("only root can give a file to another user");
        }
        set_mode(&path, 0o664);
        if let Some(says) = replace_without_privileges(&path, groups) {
            assert_eq!((says.as_str(), text(&path).as_str()), ("replaced", "new"));
            assert_eq!(mode_and_owners(&path), (mode, 65534, gid), "{groups}");
        }
    }
}

#[test]
fn the_owner_is_kept_and_the_special_bits_are_not() {
    let (_folder, path) = folder_with_old();
    let (uid, gid) =
        if is_root() { (65534, 50) } else { (mode_and_owners(&path).1, mode_and_owners(&path).2) };
    chown(&path, Some(uid), Some(gid)).unwrap();
    for (old, new) in [(0o4750, 0o750), (0o2711, 0o711), (0o1644, 0o644), (0o6444, 0o444)] {
        set_mode(&path, old);
        write(&path, "new").unwrap();
        assert_eq!(mode_and_owners(&path), (new, uid, gid));
    }
}

#[test]
fn a_planted_link_is_not_followed() {
    if !is_root() {
        return skipped("only root can give a link to another user");
    }
    let (nobody, root, other) = (65534, 0, 1);
    let table = [
        (0o755, root, nobody, true),
        (0o1777, root, nobody, false),
        (0o777, root, nobody, false),
        (0o1777, root, root, true),
        (0o1777, other, root, true),
        (0o1777, other, other, true),
        (0o1777, other, nobody, false),
    ];
    for (mode, folder_owner, link_owner, is_followed) in table {
        let (victims, victim) = folder_with_old();
        let folder = tempdir().unwrap();
        set_mode(folder.path(), mode);
        chown(folder.path(), Some(folder_owner), None).unwrap();
        let planted = folder.path().join("out.csv");
        symlink(&victim, &planted).unwrap();
        lchown(&planted, Some(link_owner), None).unwrap();
        // A link of ours to a planted link.
        let far = victims.path().join("far");
        symlink(&planted, &far).unwrap();
        for path in [&planted, &far] {
            for output in [Output::path(path), Output::path(path).append()] {
                let case = format!("{mode:o} {folder_owner} {link_owner} {output:?}");
                match output.open().and_then(OutputFile::commit) {
                    Ok(()) => assert!(is_followed, "{case}"),
                    Err(error) => {
                        let says = "a symbolic link that another user made in a directory that all users may write to \
                                    is not followed";
                        assert!(!is_followed, "{case}: {error:?}");
                        assert_eq!(chain(&error), format!("`{}` can't be written: {says}", path.display()));
                        assert_eq!(text(&victim), "old");
                    }
                }
            }
        }
    }
}

#[test]
fn a_planted_link_to_a_device_is_not_followed() {
    if !is_root() {
        return skipped("only root can give a link to another user");
    }
    let folder = tempdir().unwrap();
    set_mode(folder.path(), 0o1777);
    let planted = folder.path().join("out.csv");
    symlink("/dev/null", &planted).unwrap();
    lchown(&planted, Some(65534), None).unwrap();
    assert!(matches!(Output::path(&planted).open(), Err(IoError::Create { .. })));
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
fn a_name_that_cannot_exist_is_refused_before_anything_is_written() {
    let folder = tempdir().unwrap();
    let far = folder.path().join("far");
    symlink("n".repeat(256), &far).unwrap();
    for path in [folder.path().join("n".repeat(256)), folder.path().join("ä".repeat(128)), far] {
        for output in
            [Output::path(&path), Output::path(&path).append(), Output::path(&path).create_parents()]
        {
            let error = output.open().unwrap_err();
            assert!(chain(&error).contains("File name too long"), "{}", chain(&error));
            assert_eq!(names(folder.path()), ["far"]);
        }
    }
}

#[test]
fn a_path_that_is_too_long_creates_no_directories() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("n/".repeat(2100) + "n");
    let error = Output::path(path).create_parents().open().unwrap_err();
    assert!(matches!(error, IoError::MakeDirectory { .. }) && chain(&error).contains("File name too long"));
    assert!(names(folder.path()).is_empty());
}

#[test]
fn a_temporary_file_that_is_gone_fails_the_commit() {
    for is_replaced in [false, true] {
        let (folder, path) = folder_with_old();
        let file = Output::path(&path).open().unwrap();
        let temporary = temporary(folder.path());
        fs::remove_file(&temporary).unwrap();
        if is_replaced {
            fs::write(&temporary, "other").unwrap();
        }
        let says = "its temporary file was removed or replaced";
        assert_eq!(
            chain(&file.commit().unwrap_err()),
            format!("committing `{}` failed: {says}", path.display())
        );
        assert_eq!(text(&path), "old");
    }
}

#[test]
fn a_target_that_became_a_fifo_or_a_link_fails_the_commit() {
    for makes in ["mkfifo", "ln -s elsewhere"] {
        let folder = tempdir().unwrap();
        let path = folder.path().join("out.csv");
        let file = Output::path(&path).open().unwrap();
        let mut words = makes.split(' ');
        let made = Command::new(words.next().unwrap()).args(words).arg(&path).status().unwrap();
        assert!(made.success());
        assert!(matches!(file.commit(), Err(IoError::Commit { .. })));
        assert!(!fs::symlink_metadata(&path).unwrap().is_file());
    }
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

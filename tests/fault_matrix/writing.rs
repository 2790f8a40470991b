//! Faults of outputs.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::thread;

use godata::prelude::*;

use crate::pipelines::{COMPRESSIONS, KINDS, Kind, WRITINGS, Writing};
use crate::process::{self, Unprivileged, complaint, program, set_mode, tool};
use crate::support::{Files, Folder};
use crate::{Cell, Miss, Verdict, ensure};

/// The old output, which has `k0` and `k1` but no `k2`.
const OLD_RECORDS: u64 = 2;

/// Several batches.
const RECORDS: u64 = 24;

/// More than fits into a pipe or into 64 KiB, even compressed.
const MANY_RECORDS: u64 = 1500;

type Fault = fn(&Case) -> Verdict;

const FAULTS: [(&str, Fault); 8] = [
    ("the directory is missing", no_directory),
    ("a directory", directory),
    ("no permission", no_permission),
    ("a full device", full_device),
    ("a full file system", full_file_system),
    ("files may have so many bytes only", limited),
    ("its reader goes", reader_goes),
    ("killed", killed),
];

pub(crate) fn cells() -> impl Iterator<Item = Cell> {
    let nobody = Arc::new(Unprivileged::new());
    let rows = WRITINGS.into_iter().flat_map(|writing| {
        COMPRESSIONS.into_iter().flat_map(move |(compression, _)| {
            KINDS
                .into_iter()
                .map(move |kind| (writing, format!("{}{compression}", writing.extension()), kind))
        })
    });
    rows.flat_map(move |(writing, extension, kind)| {
        let nobody = Arc::clone(&nobody);
        FAULTS.into_iter().map(move |(what, fault)| {
            let name = format!("write {extension}, {kind:?}: {what}");
            let (extension, nobody) = (extension.clone(), Arc::clone(&nobody));
            Cell::new(name, move || fault(&Case::new(writing, extension, kind, nobody)?))
        })
    })
}

struct Case {
    writing: Writing,
    extension: String,
    kind: Kind,
    nobody: Arc<Unprivileged>,
    folder: Folder,
}

impl Case {
    fn new(writing: Writing, extension: String, kind: Kind, nobody: Arc<Unprivileged>) -> Result<Self, Miss> {
        if (writing, kind) == (Writing::Json, Kind::Appended) {
            return Err(Miss::None("an array can't be added to"));
        }
        Ok(Self { writing, extension, kind, nobody, folder: Folder::in_memory() })
    }

    /// Skips a fault that only files can have.
    fn needs_file(&self) -> Verdict {
        match self.kind {
            Kind::Stdout => Err(Miss::None("standard output is not found by a path")),
            _ => Ok(()),
        }
    }

    fn first(&self) -> String {
        self.kind.first(&self.extension)
    }

    fn run(&self, folder: &Path, records: u64) -> Result<(), PipelineError> {
        let output = self.kind.output(folder, &self.extension);
        let pipeline = self.writing.pipeline(Pipeline::builder("writing"), records, output);
        pipeline.run_blocking(&RunContext::new()).map(drop)
    }

    /// The error of a run that must fail.
    fn failure(&self, folder: &Path, records: u64) -> Result<PipelineError, Miss> {
        self.run(folder, records).err().ok_or_else(|| Miss::Wrong("it succeeded".to_owned()))
    }

    /// Writes the old output, and returns it.
    fn write_old(&self, folder: &Path) -> Files {
        self.run(folder, OLD_RECORDS).unwrap();
        self.folder.files()
    }

    /// The files after an undisturbed run over the old files.
    fn undisturbed(&self) -> Files {
        let folder = Folder::in_memory();
        self.run(folder.root(), OLD_RECORDS).unwrap();
        self.run(folder.root(), RECORDS).unwrap();
        folder.files()
    }

    fn ensure_files(&self, expected: &Files) -> Verdict {
        ensure_same(&self.folder.files(), expected)
    }

    /// The arguments of the program to write this many records.
    fn words(&self, records: u64) -> [String; 6] {
        let Self { writing, extension, kind, .. } = self;
        let (writing, kind) = (format!("{writing:?}"), format!("{kind:?}"));
        let folder = self.folder.root().display().to_string();
        ["write".to_owned(), writing, kind, folder, extension.clone(), records.to_string()]
    }

    fn program(&self, records: u64) -> Command {
        let mut command = program();
        command.args(self.words(records));
        command
    }
}

fn ensure_names(message: &str, file: &str) -> Verdict {
    let is_named = message.starts_with("write failed") && message.contains(&format!("`{file}`"));
    ensure(is_named, || format!("says {message}, and not `{file}`"))
}

fn ensure_same(files: &Files, expected: &Files) -> Verdict {
    ensure(files == expected, || {
        let lengths = |files: &Files| -> Vec<_> {
            files.iter().map(|(name, bytes)| format!("{name} of {}", bytes.len())).collect()
        };
        format!("there is {:?}\ninstead of {:?}", lengths(files), lengths(expected))
    })
}

fn no_directory(case: &Case) -> Verdict {
    case.needs_file()?;
    let error = case.failure(&case.folder.path("none"), RECORDS)?;
    let message = case.folder.message(&error);
    ensure(message.contains("can't be written: the directory `none"), || format!("says {message}"))?;
    case.ensure_files(&Files::new())
}

fn directory(case: &Case) -> Verdict {
    case.needs_file()?;
    case.write_old(case.folder.root());
    let target = case.folder.path(&case.first());
    fs::remove_file(&target).unwrap();
    fs::create_dir(target).unwrap();
    let before = case.folder.files();
    let error = case.failure(case.folder.root(), RECORDS)?;
    ensure_names(&case.folder.message(&error), &case.first())?;
    case.ensure_files(&before)
}

fn no_permission(case: &Case) -> Verdict {
    case.needs_file()?;
    let before = case.write_old(case.folder.root());
    let folders = || [case.folder.path("k0"), case.folder.path("k1"), case.folder.root().to_owned()];
    let set_modes =
        |mode| folders().iter().filter(|path| path.exists()).for_each(|path| set_mode(path, mode));
    // The owner of a file might still append to it.
    set_mode(&case.folder.path(&case.first()), 0o444);
    set_modes(0o555);
    let words = case.words(RECORDS);
    let complaint = case.nobody.complaint(&words.each_ref().map(String::as_str));
    set_modes(0o755);
    let message = case.folder.message(&complaint?);
    // A manifest is created first.
    let named = if case.kind == Kind::Rolled { "manifest.json".to_owned() } else { case.first() };
    ensure_names(&message, &named)?;
    ensure(message.to_lowercase().contains("permission denied"), || format!("says {message}"))?;
    case.ensure_files(&before)
}

fn full_device(case: &Case) -> Verdict {
    if !Path::new("/dev/full").exists() {
        return Err(Miss::Skipped("this system has no /dev/full".to_owned()));
    }
    if case.kind == Kind::Stdout {
        let full = File::options().write(true).open("/dev/full").unwrap();
        return ensure_names(&complaint(case.program(RECORDS).stdout(full))?, "stdout");
    }
    case.write_old(case.folder.root());
    let target = case.folder.path(&case.first());
    fs::remove_file(&target).unwrap();
    let before = case.folder.files();
    symlink("/dev/full", &target).unwrap();
    let error = case.failure(case.folder.root(), RECORDS);
    ensure(target.is_symlink(), || "the device was replaced".to_owned())?;
    fs::remove_file(&target).unwrap();
    let message = case.folder.message(&error?);
    ensure_names(&message, &case.first())?;
    ensure(message.contains("No space left on device"), || format!("says {message}"))?;
    case.ensure_files(&before)
}

fn full_file_system(case: &Case) -> Verdict {
    case.needs_file()?;
    let small = Mounted::new(case.folder.path("small"))?;
    let before = case.write_old(&small.0);
    let message = case.folder.message(&case.failure(&small.0, MANY_RECORDS)?);
    let says = message.starts_with("write failed: ") && message.contains("`small/");
    ensure(says && message.contains("No space left on device"), || format!("says {message}"))?;
    case.ensure_files(&before)
}

/// A file system of 64 KiB that is unmounted when this is dropped.
struct Mounted(PathBuf);

impl Mounted {
    fn new(path: PathBuf) -> Result<Self, Miss> {
        fs::create_dir(&path).unwrap();
        tool(Command::new("mount").args(["-t", "tmpfs", "-o", "size=64k", "tmpfs"]).arg(&path))
            .map_err(|_| Miss::Skipped("no file system may be mounted".to_owned()))?;
        Ok(Self(path))
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        // Lazily, because a process that another test is starting may have its files open for a moment.
        tool(Command::new("umount").arg("--lazy").arg(&self.0)).unwrap();
    }
}

/// The first write fails, then the second, the third … until none does.
fn limited(case: &Case) -> Verdict {
    case.needs_file()?;
    let before = case.write_old(case.folder.root());
    // An ignored signal stays ignored in the program that replaces the shell.
    let line = "trap '' XFSZ; ulimit -f \"$1\" && shift && exec \"$@\"";
    for blocks in 0..100 {
        let mut limited = Command::new("sh");
        limited.args(["-c", line, "sh", &blocks.to_string()]).arg(program().get_program());
        let output = process::output(limited.args(case.words(RECORDS)))?;
        if output.status.success() {
            ensure(blocks > 1, || "no write has failed".to_owned())?;
            return case.ensure_files(&case.undisturbed());
        }
        let message = case.folder.message(&String::from_utf8_lossy(&output.stderr));
        ensure(message.starts_with("write failed: ") && message.contains("File too large"), || {
            format!("says {message} at {blocks}")
        })?;
        case.ensure_files(&before)?;
    }
    Err(Miss::Wrong("every run fails".to_owned()))
}

/// The reader of a pipe ends, before it has read anything or later.
fn reader_goes(case: &Case) -> Verdict {
    for bytes in [0, 1, 5000] {
        match case.kind {
            Kind::Stdout => {
                let mut program = case.program(MANY_RECORDS);
                let mut child = program.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
                let mut printed = child.stdout.take().unwrap().take(bytes);
                printed.read_to_end(&mut Vec::new()).unwrap();
                drop(printed);
                let output = child.wait_with_output().unwrap();
                let message = String::from_utf8_lossy(&output.stderr);
                ensure_names(&message, "stdout")?;
                ensure(message.contains("Broken pipe"), || format!("says {message}"))?;
            }
            Kind::Replaced => {
                let target = case.folder.path(&case.first());
                tool(Command::new("mkfifo").arg(&target))?;
                let reader = thread::spawn({
                    let target = target.clone();
                    move || File::open(target).unwrap().take(bytes).read_to_end(&mut Vec::new()).unwrap()
                });
                let error = case.failure(case.folder.root(), MANY_RECORDS);
                reader.join().unwrap();
                fs::remove_file(target).unwrap();
                let error = error?;
                let message = case.folder.message(&error);
                ensure_names(&message, &case.first())?;
                ensure(error.is_broken_pipe(), || format!("says {message}"))?;
                case.ensure_files(&Files::new())?;
            }
            _ => return Err(Miss::None("a pipe is one file, and is written directly")),
        }
    }
    Ok(())
}

/// The run is killed before it wrote anything, after it wrote some, and before the end: the next run succeeds.
fn killed(case: &Case) -> Verdict {
    case.needs_file()?;
    let expected = case.undisturbed();
    for call in [1, 6, 12] {
        fs::read_dir(case.folder.root()).unwrap().for_each(|entry| remove(&entry.unwrap().path()));
        let before = case.write_old(case.folder.root());
        let mut program = case.program(RECORDS);
        let mut child = program.arg(call.to_string()).stderr(Stdio::piped()).spawn().unwrap();
        let mut said = String::new();
        BufReader::new(child.stderr.take().unwrap()).read_line(&mut said).unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
        ensure(said == "paused\n", || format!("says {said}, at call {call}"))?;

        let files = case.folder.files();
        for (name, old) in &before {
            let is_as_before = match case.kind {
                // Appended records stay after the kill.
                Kind::Appended => files.get(name).is_some_and(|now| now.starts_with(old)),
                _ => files.get(name) == Some(old),
            };
            ensure(is_as_before, || format!("{name} is another, at call {call}"))?;
        }
        let others = || files.keys().filter(|name| !before.contains_key(*name));
        ensure(others().all(|name| is_temporary(name) || name.ends_with('/')), || {
            format!("there is {:?}, at call {call}", files.keys())
        })?;

        let next = case.run(case.folder.root(), RECORDS);
        // The next run has removed the temporary files of the killed one.
        let after = case.folder.files();
        if case.kind == Kind::Appended {
            ensure_appended(case, next, &files, &before, &after, &expected)?;
        } else {
            next.map_err(|error| Miss::Wrong(format!("the next run: {error:#}")))?;
            ensure_same(&after, &expected)?;
        }
    }
    Ok(())
}

/// Records that a killed run appended stay. The next run appends its own, or reports that the file is damaged.
fn ensure_appended(
    case: &Case,
    next: Result<(), PipelineError>,
    killed: &Files,
    before: &Files,
    after: &Files,
    expected: &Files,
) -> Verdict {
    let name = case.first();
    let Err(error) = next else {
        let added = &expected[&name][before[&name].len()..];
        let is_added = after[&name].starts_with(&killed[&name]) && after[&name].ends_with(added);
        return ensure(is_added, || "the next run has added something else".to_owned());
    };
    let message = case.folder.message(&error);
    let says = format!("write failed: `{name}` is not whole");
    ensure(message.starts_with(&says) && killed[&name] != before[&name], || format!("says {message}"))?;
    ensure_same(after, killed)
}

fn is_temporary(name: &str) -> bool {
    let name = name.rsplit('/').next().unwrap_or(name);
    name.starts_with('.') && Path::new(name).extension().is_some_and(|extension| extension == "tmp")
}

fn remove(path: &Path) {
    if path.is_dir() { fs::remove_dir_all(path).unwrap() } else { fs::remove_file(path).unwrap() }
}

//! What may be wrong with what is read.

use std::fs::{self, File};
use std::path::PathBuf;
use std::sync::{Arc, Once};

use godata::prelude::*;

use crate::pipelines::{READINGS, Reading};
use crate::process::{Unprivileged, set_mode};
use crate::support::packing::Packing;
use crate::support::{Files, Folder};
use crate::{Cell, Miss, Verdict, ensure};

const PACKINGS: [Packing; 4] = [Packing::Plain, Packing::Gzip, Packing::Zstd, Packing::Bzip2];

/// So many that most of a file is not yet read when its first record is there, also of a compressed one.
const RECORDS: u64 = 3 * 900;

type Fault = fn(&Case) -> Verdict;

const FAULTS: [(&str, Fault); 8] = [
    ("missing", missing),
    ("a directory", directory),
    ("no permission", no_permission),
    ("cut off", cut_off),
    ("damaged", damaged),
    ("cut off while it is read", cut_off_while_read),
    ("vanishes before it is opened", vanishes),
    ("a glob without a match", no_match),
];

pub(crate) fn cells() -> impl Iterator<Item = Cell> {
    let nobody = Arc::new(Unprivileged::new());
    READINGS.into_iter().flat_map(move |reading| {
        let nobody = Arc::clone(&nobody);
        PACKINGS.into_iter().flat_map(move |packing| {
            let nobody = Arc::clone(&nobody);
            FAULTS.into_iter().map(move |(what, fault)| {
                let nobody = Arc::clone(&nobody);
                let check = move || fault(&Case::new(reading, packing, nobody));
                Cell::new(format!("read {reading:?}, {packing:?}: {what}"), check)
            })
        })
    })
}

struct Case {
    reading: Reading,
    packing: Packing,
    nobody: Arc<Unprivileged>,
    folder: Folder,
    /// The name of the input; others begin with `in`, too.
    name: String,
}

impl Case {
    fn new(reading: Reading, packing: Packing, nobody: Arc<Unprivileged>) -> Self {
        let folder = Folder::in_memory();
        folder.write("out", "old");
        let name = format!("in.{}{}", reading.extension(), packing.extension());
        Self { reading, packing, nobody, folder, name }
    }

    fn path(&self) -> PathBuf {
        self.folder.path(&self.name)
    }

    /// A file in parts that are each whole, and where the second ends.
    fn file(&self, records: u64) -> (Vec<u8>, usize) {
        let parts = self.reading.parts(records).map(|part| self.packing.pack(part.as_bytes()));
        (parts.concat(), parts[0].len() + parts[1].len())
    }

    /// What a run says that must fail and leave the target.
    fn failure(&self, input: Input, at_first: impl Fn() + Send + Sync + 'static) -> Result<String, Miss> {
        let once = Once::new();
        let pipeline =
            self.reading.pipeline(input, &self.folder.path("out"), move || once.call_once(&at_first));
        let result = pipeline.run_blocking(&RunContext::new());
        self.ensure_as_before()?;
        let error = result.err().ok_or_else(|| Miss::Wrong("it succeeded".to_owned()))?;
        Ok(self.folder.message(&error))
    }

    fn ensure_as_before(&self) -> Verdict {
        let mut files = self.folder.files();
        files.retain(|name, _| !name.starts_with("in"));
        let before = Files::from([("out".to_owned(), b"old".to_vec())]);
        ensure(files == before, || format!("there is {:?}", files.keys()))
    }

    /// A run over the input must fail with this message.
    fn ensure_says(&self, says: &str) -> Verdict {
        ensure_is(&self.failure(Input::path(self.path()), || ())?, &format!("read failed: {says}"))
    }
}

fn ensure_is(message: &str, begins: &str) -> Verdict {
    ensure(message.starts_with(begins), || format!("says {message}\ninstead of {begins}…"))
}

fn missing(case: &Case) -> Verdict {
    case.ensure_says(&format!("`{}` can't be opened: No such file or directory", case.name))
}

fn directory(case: &Case) -> Verdict {
    fs::create_dir(case.path()).unwrap();
    case.ensure_says(&format!("`{}` is a directory; `Input::directory` reads the files in it", case.name))
}

fn no_permission(case: &Case) -> Verdict {
    fs::write(case.path(), case.file(9).0).unwrap();
    set_mode(&case.path(), 0);
    set_mode(case.folder.root(), 0o777);
    let (reading, output) = (format!("{:?}", case.reading), case.folder.path("out"));
    let words =
        ["read", &reading, case.path().to_str().unwrap(), output.to_str().unwrap()].map(str::to_owned);
    let complaint = case.nobody.complaint(&words.each_ref().map(String::as_str))?;
    set_mode(&case.path(), 0o644);
    case.ensure_as_before()?;
    let says = format!("read failed: `{}` can't be opened: Permission denied", case.name);
    ensure_is(&case.folder.message(&complaint), &says)
}

fn cut_off(case: &Case) -> Verdict {
    let (file, _) = case.file(9);
    write_packed(case, &file[..file.len() - 9])?;
    case.ensure_says(&format!("`{}` is not whole", case.name))
}

fn damaged(case: &Case) -> Verdict {
    let (mut file, _) = case.file(9);
    let at = file.len() - 6;
    file[at] ^= 0x55;
    write_packed(case, &file)?;
    case.ensure_says(&format!("`{}` is not whole", case.name))
}

fn write_packed(case: &Case, bytes: &[u8]) -> Verdict {
    if case.packing == Packing::Plain {
        return Err(Miss::None("text that is not compressed can't be told from a whole one"));
    }
    fs::write(case.path(), bytes).unwrap();
    Ok(())
}

/// What is left is whole by itself, but in an array.
fn cut_off_while_read(case: &Case) -> Verdict {
    let (file, left) = case.file(RECORDS);
    fs::write(case.path(), &file).unwrap();
    let path = case.path();
    let cut = move || File::options().write(true).open(&path).unwrap().set_len(left as u64).unwrap();
    let message = case.failure(Input::path(case.path()), cut)?;
    let says = format!(
        "`{}` can't be read: it ends after {left} of the {} bytes that it had",
        case.name,
        file.len()
    );
    ensure_is(&message, &format!("read failed: {says}"))
}

fn vanishes(case: &Case) -> Verdict {
    let last = case.folder.path(&format!("in-2.{}", case.name));
    fs::write(case.folder.path(&format!("in-1.{}", case.name)), case.file(RECORDS).0).unwrap();
    fs::write(&last, case.file(9).0).unwrap();
    let input = Input::glob(case.folder.path(&format!("in-*.{}", case.name)).display().to_string());
    let message = case.failure(input, move || fs::remove_file(&last).unwrap())?;
    ensure_is(&message, &format!("read failed: `in-2.{}` can't be opened: No such file", case.name))
}

fn no_match(case: &Case) -> Verdict {
    let pattern = format!("in-*.{}", case.name);
    let input = Input::glob(case.folder.path(&pattern).display().to_string());
    ensure_is(&case.failure(input, || ())?, &format!("read failed: no file matches `{pattern}`"))
}

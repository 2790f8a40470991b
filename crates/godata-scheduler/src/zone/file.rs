//! Files of the system's database that can't be read.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::{Component, Path, PathBuf};

use godata_core::excerpt;
use jiff::tz::TimeZone;

use crate::ScheduleError;

/// Where systems keep the database.
#[cfg(unix)]
const FOLDERS: &[&str] = &["/usr/share/zoneinfo", "/usr/share/lib/zoneinfo", "/etc/zoneinfo"];
#[cfg(not(unix))]
const FOLDERS: &[&str] = &[];

/// The folder of the system's database: the one that `TZDIR` names, or the usual one.
pub(super) fn system_folder() -> Option<PathBuf> {
    let named = env::var_os("TZDIR").map(PathBuf::from);
    named.into_iter().chain(FOLDERS.iter().map(PathBuf::from)).find(|folder| folder.is_dir())
}

/// The error for a zone whose file exists but can't be read; `None` if there is no such file.
pub(super) fn unreadable(name: &str, folder: &Path) -> Option<ScheduleError> {
    let path = find(name, folder)?;
    let source = match fs::read(&path) {
        Ok(bytes) => TimeZone::tzif(name, &bytes).err()?.into(),
        Err(error) => error.into(),
    };
    Some(ScheduleError::ZoneFile { name: excerpt(name), path, source })
}

/// The file of a zone, in any case. Other files in the folder, such as `zone.tab`, are not found.
fn find(name: &str, folder: &Path) -> Option<PathBuf> {
    let mut path = folder.to_path_buf();
    for part in Path::new(name).components() {
        let Component::Normal(part) = part else { return None };
        path.push(entry(&path, part.to_str()?)?);
    }
    let is_file = path != folder && !path.is_dir();
    is_file.then_some(path)
}

/// An entry of a folder that can be a part of the name of a zone: they begin with a capital letter and have no extension.
fn entry(folder: &Path, name: &str) -> Option<OsString> {
    let names = fs::read_dir(folder).ok()?.filter_map(|entry| Some(entry.ok()?.file_name()));
    let is_zone = |name: &str| name.starts_with(|c: char| c.is_ascii_uppercase()) && !name.contains('.');
    let mut names = names.filter(|entry| entry.to_str().is_some_and(is_zone) && *entry != *"SECURITY");
    names.find(|entry| entry.eq_ignore_ascii_case(name))
}

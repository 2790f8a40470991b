//! The paths that match a glob pattern.
//!
//! Only the matching of a single name is that of the crate `glob`. Its walk over directories panics at a name that is not
//! UTF-8, and follows links in `**` until the path is too long.

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};

use glob::{MatchOptions, Pattern, PatternError};

use crate::IoError;

/// How one name is matched. Hidden names are left to [`Name::matches`].
const OPTIONS: MatchOptions = MatchOptions {
    case_sensitive: true,
    require_literal_separator: true,
    require_literal_leading_dot: false,
};

/// A part of a pattern between two separators.
enum Part<'a> {
    /// A name without wildcards, or the start of a path.
    Literal(&'a OsStr),
    Name(Name),
    /// `**`: any number of directories.
    Directories,
}

/// A name with wildcards.
struct Name {
    pattern: Pattern,
    /// The pattern starts with a dot, so it may match hidden names.
    is_dotted: bool,
}

impl Name {
    fn matches(&self, name: &OsStr) -> bool {
        // Bytes that are not UTF-8 become replacement characters, which wildcards match.
        (self.is_dotted || !is_hidden(name)) && self.pattern.matches_with(&name.to_string_lossy(), OPTIONS)
    }
}

/// The paths that match, in no particular order. Directories are among them.
pub(super) fn paths(pattern: &str) -> Result<Vec<PathBuf>, IoError> {
    let parts = parts(pattern)
        .map_err(|error| IoError::Pattern { pattern: pattern.to_owned(), source: error.into() })?;
    let mut found = vec![PathBuf::new()];
    for (at, part) in parts.iter().enumerate() {
        let is_last = at + 1 == parts.len();
        let mut next = Vec::new();
        for directory in found {
            match part {
                Part::Literal(name) => next.push(directory.join(name)),
                Part::Name(name) => {
                    let entries = entries(&directory)?.into_iter();
                    let matching = entries.filter(|path| path.file_name().is_some_and(|it| name.matches(it)));
                    next.extend(matching.filter(|path| is_last || path.is_dir()));
                }
                Part::Directories => below(directory, is_last, &mut next)?,
            }
        }
        found = next;
    }
    found.retain(|path| fs::symlink_metadata(path).is_ok());
    Ok(found)
}

fn parts(pattern: &str) -> Result<Vec<Part<'_>>, PatternError> {
    // The whole pattern is checked first, so that an error has its position in it.
    Pattern::new(pattern)?;
    let part = |component: Component<'_>| {
        let text = component.as_os_str().to_str().unwrap_or_default();
        Ok(match component {
            Component::Normal(_) if text == "**" => Part::Directories,
            Component::Normal(_) if text.contains(['*', '?', '[']) => {
                Part::Name(Name { pattern: Pattern::new(text)?, is_dotted: text.starts_with('.') })
            }
            _ => Part::Literal(OsStr::new("")),
        })
    };
    Path::new(pattern)
        .components()
        .map(|component| match part(component)? {
            Part::Literal(_) => Ok(Part::Literal(component.as_os_str())),
            part => Ok(part),
        })
        .collect()
}

/// Adds a directory and all directories below it, and their files as well if `with_files`. Links to directories are not
/// followed, as in a shell: they may lead back up.
fn below(directory: PathBuf, with_files: bool, found: &mut Vec<PathBuf>) -> Result<(), IoError> {
    let mut open = vec![directory];
    while let Some(directory) = open.pop() {
        for path in entries(&directory)? {
            if path.file_name().is_some_and(is_hidden) {
                continue;
            }
            if path.is_dir() && !path.is_symlink() {
                open.push(path);
            } else if with_files {
                found.push(path);
            }
        }
        if !with_files {
            found.push(directory);
        }
    }
    Ok(())
}

/// The paths of the entries of a directory; none if it is not a directory.
fn entries(directory: &Path) -> Result<Vec<PathBuf>, IoError> {
    let is_here = directory.as_os_str().is_empty();
    let listed = fs::read_dir(if is_here { Path::new(".") } else { directory });
    let paths: io::Result<Vec<_>> = listed.and_then(|entries| {
        entries.map(|entry| entry.map(|entry| directory.join(entry.file_name()))).collect()
    });
    match paths {
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            Ok(Vec::new())
        }
        paths => paths.map_err(|source| IoError::List { path: directory.to_owned(), source }),
    }
}

fn is_hidden(name: &OsStr) -> bool {
    name.as_encoded_bytes().starts_with(b".")
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a panic fails the test")]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The matching paths below a folder with these files, relative to it and sorted.
    fn found(folder: &Path, pattern: &str) -> Vec<String> {
        let pattern = format!("{}/{pattern}", Pattern::escape(folder.to_str().unwrap()));
        let paths = paths(&pattern).unwrap().into_iter();
        let files = paths.filter(|path| !path.is_dir());
        let relative = files.map(|path| path.strip_prefix(folder).unwrap().to_string_lossy().into_owned());
        let mut relative: Vec<_> = relative.collect();
        relative.sort_unstable();
        relative
    }

    fn folder_with(files: &[&str]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for file in files {
            let path = folder.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "").unwrap();
        }
        folder
    }

    #[test]
    fn patterns_match_as_in_a_shell() {
        let files =
            ["a.csv", "b.csv", "b.txt", ".h.csv", "d/a.csv", "d/e/a.csv", ".d/a.csv", "d/.h.csv", "[x].csv"];
        let folder = folder_with(&files);
        let table: [(&str, &[&str]); 13] = [
            ("*.csv", &["[x].csv", "a.csv", "b.csv"]),
            ("?.csv", &["a.csv", "b.csv"]),
            ("[!a].csv", &["b.csv"]),
            ("[[]x].csv", &["[x].csv"]),
            (".*.csv", &[".h.csv"]),
            (".d/*", &[".d/a.csv"]),
            ("**/a.csv", &["a.csv", "d/a.csv", "d/e/a.csv"]),
            ("d/**/*", &["d/a.csv", "d/e/a.csv"]),
            ("d/**", &["d/a.csv", "d/e/a.csv"]),
            ("**/.h*", &[".h.csv", "d/.h.csv"]),
            ("*/a.csv", &["d/a.csv"]),
            ("a.csv", &["a.csv"]),
            ("a.csv/*", &[]),
        ];
        for (pattern, expected) in table {
            assert_eq!(found(folder.path(), pattern), expected, "{pattern}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn names_that_are_not_utf_8_are_matched_and_kept() {
        use std::os::unix::ffi::OsStrExt as _;

        let folder = folder_with(&["a.csv"]);
        let path = folder.path().join(OsStr::from_bytes(b"caf\xe9.csv"));
        fs::write(&path, "").unwrap();
        fs::write(folder.path().join(OsStr::from_bytes(b"caf\xe9.txt")), "").unwrap();
        let pattern = format!("{}/*.csv", folder.path().display());
        let mut paths = paths(&pattern).unwrap();
        paths.sort_unstable();
        assert_eq!(paths, [folder.path().join("a.csv"), path]);
    }

    #[cfg(unix)]
    #[test]
    fn a_link_to_a_directory_above_is_not_followed_by_two_asterisks() {
        let folder = folder_with(&["l/d/a.csv"]);
        std::os::unix::fs::symlink("..", folder.path().join("l/d/loop")).unwrap();
        std::os::unix::fs::symlink("l", folder.path().join("link")).unwrap();
        assert_eq!(found(folder.path(), "**/*.csv"), ["l/d/a.csv"]);
        assert_eq!(found(folder.path(), "link/**/*.csv"), ["link/d/a.csv"]);
        assert_eq!(found(folder.path(), "lin*/d/*.csv"), ["link/d/a.csv"]);
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn without_links_and_hidden_names_the_paths_are_those_of_the_crate_glob(
            files in prop::collection::vec("[ab]{1,2}(/[ab]{1,2}){0,2}\\.x", 1..8),
            pattern in "([ab]{1,2}|\\*|\\?|a\\*|\\*\\*|\\[a\\])(/([ab]|\\*|\\?b|\\*\\*)){0,2}/(\\*|\\*\\.x|[ab]\\?\\.x)",
        ) {
            let folder = folder_with(&files.iter().map(String::as_str).collect::<Vec<_>>());
            let whole = format!("{}/{pattern}", folder.path().display());
            let paths = glob::glob(&whole).unwrap().map(Result::unwrap).filter(|path| !path.is_dir());
            let mut expected: Vec<_> =
                paths.map(|path| path.strip_prefix(folder.path()).unwrap().to_str().unwrap().to_owned()).collect();
            expected.sort_unstable();
            expected.dedup();
            let mut found = found(folder.path(), &pattern);
            found.dedup();
            prop_assert_eq!(found, expected);
        }
    }
}

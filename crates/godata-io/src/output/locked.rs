//! Locking the file that has a name.

use std::fs::File;
use std::io;
use std::path::Path;

use crate::identity::FileId;

/// How often a file is opened again if it lost its name before it was locked.
const ATTEMPTS: usize = 100;

/// Opens and locks the file at `path`. `open` also returns whether it created the file, and `lock` whether it got the lock.
/// Without the lock, this is `None`.
///
/// The file may be removed or replaced between opening and locking it, and then its lock protects nothing. So the lock counts
/// only if the file still has its name. If that never succeeds, something else has the lock.
pub(super) fn locked(
    path: &Path,
    mut open: impl FnMut() -> io::Result<(File, bool)>,
    lock: impl Fn(&File, bool) -> io::Result<bool>,
) -> io::Result<Option<(File, FileId, bool)>> {
    for _ in 0..ATTEMPTS {
        let (file, is_new) = open()?;
        if !lock(&file, is_new)? {
            return Ok(None);
        }
        let id = FileId::of(&file, path)?;
        if FileId::named(path).as_ref() == Some(&id) {
            return Ok(Some((file, id, is_new)));
        }
    }
    Ok(None)
}

#[cfg(all(test, unix))]
mod tests {
    use std::fs;

    use super::*;
    use crate::output::platform;

    #[test]
    fn the_lock_of_a_file_that_lost_its_name_does_not_count() -> io::Result<()> {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("out");
        let create = || File::options().append(true).create(true).open(&path);
        let lock = |file: &File, _| platform::try_lock(file);
        let (mut others, mut opened) = (Vec::new(), 0);
        let mut open = || {
            opened += 1;
            let file = create()?;
            // What happens before the file is locked.
            match opened {
                1 => fs::remove_file(&path)?,
                2 => {
                    fs::rename(&path, folder.path().join("renamed"))?;
                    fs::write(&path, "another file, which is not locked")?;
                }
                3 => {
                    fs::remove_file(&path)?;
                    std::os::unix::fs::symlink("elsewhere", &path)?;
                }
                4 => {
                    fs::remove_file(&path)?;
                    others.push(create()?);
                    others[0].try_lock()?;
                }
                _ => {}
            }
            Ok((file, false))
        };
        assert!(locked(&path, &mut open, lock)?.is_none(), "two have the lock");
        assert_eq!(opened, 5);
        others.clear();
        assert!(locked(&path, || Ok((create()?, false)), lock)?.is_some());
        Ok(())
    }
}

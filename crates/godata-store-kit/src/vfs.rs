//! The disk as the file store sees it.

use std::io::{self, Read};
use std::path::{Path, PathBuf};

use godata_store_file::vfs::{Kind, Lock, Metadata, Vfs, VfsFile};

use crate::{Disk, FileId};

/// There are no links, owners or modes, and directories are not checked.
impl Vfs for Disk {
    fn canonicalize(&self, path: &Path) -> io::Result<PathBuf> {
        Ok(Path::new("/").join(path))
    }

    fn metadata(&self, path: &Path) -> io::Result<Metadata> {
        let file = self.open(path)?;
        Ok(Metadata { kind: Kind::File, len: self.len(file)? as u64, owner: None })
    }

    fn read(&self, path: &Path) -> io::Result<Box<dyn Read + Send>> {
        if let Some(holder) = self.holder(path) {
            return Ok(Box::new(io::Cursor::new(holder)));
        }
        Ok(Box::new(Reading { disk: self.clone(), file: self.open(path)?, at: 0 }))
    }

    fn create(&self, path: &Path, _like: &Path, _mode: u32) -> io::Result<Box<dyn VfsFile>> {
        Ok(Box::new(Writing { disk: self.clone(), file: Self::create(self, path)? }))
    }

    fn append(&self, path: &Path) -> io::Result<Box<dyn VfsFile>> {
        Ok(Box::new(Writing { disk: self.clone(), file: self.open(path)? }))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        Self::rename(self, from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        Self::remove(self, path)
    }

    fn sync_dir(&self, path: &Path) -> io::Result<()> {
        Self::sync_dir(self, path)
    }

    fn try_lock(&self, path: &Path, _mode: u32, holder: &[u8]) -> io::Result<Option<Box<dyn Lock>>> {
        let lock = || Box::new(Held { disk: self.clone(), path: path.to_owned() }) as Box<dyn Lock>;
        Ok(Self::try_lock(self, path, holder)?.then(lock))
    }

    fn user(&self) -> Option<u32> {
        None
    }
}

#[derive(Debug)]
struct Reading {
    disk: Disk,
    file: FileId,
    at: usize,
}

impl Read for Reading {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let count = self.disk.read_at(self.file, self.at, into)?;
        self.at += count;
        Ok(count)
    }
}

#[derive(Debug)]
struct Writing {
    disk: Disk,
    file: FileId,
}

impl VfsFile for Writing {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.disk.append(self.file, bytes)
    }

    fn set_len(&mut self, len: u64) -> io::Result<()> {
        self.disk.set_len(self.file, usize::try_from(len).map_err(io::Error::other)?)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.disk.sync(self.file)
    }

    fn is_at(&self, path: &Path) -> io::Result<bool> {
        Ok(self.disk.is_at(self.file, path))
    }
}

#[derive(Debug)]
struct Held {
    disk: Disk,
    path: PathBuf,
}

/// Nobody removes the file of a lock on this disk.
impl Lock for Held {
    fn is_at(&self, path: &Path) -> io::Result<bool> {
        Ok(self.path == path)
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.disk.unlock(&self.path);
    }
}

//! The lock that keeps a second process, or a second handle in this process, from opening the store.

use std::io::Read as _;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use godata_core::StoreError;
use serde::{Deserialize, Serialize};

use crate::error::failed;
use crate::vfs::{Lock, Vfs};

/// The holder of the lock, as the lock file names it.
#[derive(Serialize, Deserialize)]
struct Holder {
    pid: u32,
    host: String,
}

/// The time between two attempts.
const PAUSE: Duration = Duration::from_millis(20);

/// Takes the lock, waiting for it for up to `limit`.
pub(crate) fn acquire(
    vfs: &dyn Vfs,
    path: &Path,
    mode: u32,
    limit: Duration,
) -> Result<Box<dyn Lock>, StoreError> {
    let since = Instant::now();
    let mut holder =
        serde_json::to_vec(&Holder { pid: std::process::id(), host: host() }).map_err(StoreError::invalid)?;
    holder.push(b'\n');
    loop {
        if let Some(lock) = vfs.try_lock(path, mode, &holder).map_err(failed("lock", path))? {
            return Ok(lock);
        }
        let left = limit.saturating_sub(since.elapsed());
        if left.is_zero() {
            return Err(locked(vfs, path));
        }
        thread::sleep(left.min(PAUSE));
    }
}

fn locked(vfs: &dyn Vfs, path: &Path) -> StoreError {
    let mut text = Vec::new();
    let holder = match vfs.read(path).and_then(|mut file| file.read_to_end(&mut text)) {
        Ok(_) => serde_json::from_slice(&text).ok(),
        Err(_) => None,
    };
    // The file is empty if the holder locked it a moment ago and has not written its name yet.
    let (pid, host) = holder.map(|Holder { pid, host }| (pid, host)).unzip();
    let place = path.with_extension("").display().to_string();
    StoreError::Locked { place, pid, host }
}

#[cfg(unix)]
fn host() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}

#[cfg(not(unix))]
fn host() -> String {
    std::env::var("COMPUTERNAME").unwrap_or_else(|_| "an unknown host".into())
}

//! A state file, opened twice.

use godata_store_file::{AnyStore, BoxError, FileStore, Store, StoreError};

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let path = std::env::temp_dir().join(format!("godata-consumer-{}.json", std::process::id()));
    let store = AnyStore::new(FileStore::open(&path)?);
    println!("{} pipelines", store.list_pipelines().await?.len());
    match FileStore::open(&path) {
        Err(StoreError::Locked { pid, .. }) => println!("locked by us: {}", pid == Some(std::process::id())),
        other => println!("{other:?}"),
    }
    drop(store);
    for file in std::fs::read_dir(std::env::temp_dir())? {
        let file = file?.path();
        if file.to_string_lossy().starts_with(&*path.to_string_lossy()) {
            std::fs::remove_file(file)?;
        }
    }
    Ok(())
}

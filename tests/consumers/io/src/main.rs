//! An input and an output, and what a path that can't be read says.

use godata_io::{BoxError, Compression, Input, Output};

fn main() -> Result<(), BoxError> {
    let input = Input::path("orders.csv.gz").compression(Compression::Gzip);
    let output = Output::path("orders.jsonl").create_parents();
    println!("{input:?}");
    println!("{output:?}");
    Ok(())
}

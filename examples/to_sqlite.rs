//! Inserts the rows of a CSV file into a SQLite table, one transaction per batch. A row that the table refuses becomes a dead
//! letter, and the other rows of its batch are inserted.
//!
//!     cargo run -p full-examples --example to_sqlite

use godata::prelude::*;
use godata::{BlockingRowSink, Limit, OnError, blocking_rows, dead_letters};
use rusqlite::{Connection, params};

const ORDERS: &str = "\
id,customer,amount
1,Ann,12.50
2,Bob,-3.00
3,Cid,7.00
1,Dee,8.25
4,Eve,2.00
";

const TABLE: &str = "CREATE TABLE IF NOT EXISTS orders (
    id INTEGER PRIMARY KEY,
    customer TEXT NOT NULL,
    amount REAL NOT NULL CHECK (amount > 0)
)";

/// The table, opened for a run.
struct Orders(Connection);

impl BlockingRowSink<Record> for Orders {
    fn write(&mut self, rows: &[Record]) -> Result<(), BoxError> {
        // If a row is refused, the transaction is dropped, which undoes it.
        let transaction = self.0.transaction()?;
        let mut insert = transaction.prepare("INSERT INTO orders VALUES (?1, ?2, ?3)")?;
        for row in rows {
            insert.execute(params![row.i64("id")?, row.text("customer")?, row.f64("amount")?])?;
        }
        drop(insert);
        Ok(transaction.commit()?)
    }
}

fn main() -> Result<(), BoxError> {
    let folder = tempfile::tempdir()?;
    let path = |name: &str| folder.path().join(name);
    std::fs::write(path("orders.csv"), ORDERS)?;

    let database = path("orders.db");
    let table = blocking_rows(move |_scope| {
        let connection = Connection::open(&database)?;
        connection.execute(TABLE, [])?;
        Ok(Orders(connection))
    });
    let pipeline = Pipeline::builder("orders")
        .on_error(OnError::dead_letter(jsonl::write(path("bad.jsonl")), Limit::records(10)))
        .read(csv::read_records(path("orders.csv")))
        .write(table)?;
    let report = pipeline.run_blocking(&RunContext::new())?;

    println!("{} rows inserted, {} rejected", report.written.records, report.rejected());
    let connection = Connection::open(path("orders.db"))?;
    let mut select = connection.prepare("SELECT id, customer, amount FROM orders ORDER BY id")?;
    let mut rows = select.query([])?;
    while let Some(row) = rows.next()? {
        let (id, customer, amount): (i64, String, f64) = row.try_into()?;
        println!("{id} {customer} {amount}");
    }
    for letter in dead_letters(path("bad.jsonl"))?.iter() {
        println!("line {}: {}", letter.line.unwrap_or_default(), letter.error);
    }
    Ok(())
}

//! Joins orders with their customers, sums them per country, and lists the ten largest. The memory is set, whatever the size
//! of the files.
//!
//!     cargo run --example join_and_group

use godata::BuildError;
use godata::prelude::*;

const CUSTOMERS: &str = "\
name,country
Ann Lee,US
O'Brien,IE
Šimůnek,CZ
\"Dvořák, Zoë\",CZ
\"Müller, Jürgen\",DE
van der Berg,NL
李雷,CN
";

/// The paid orders, each with the country of its customer. Customers who are not in the table have none.
fn paid_orders() -> Flow<Records> {
    let customers = csv::read_records(Input::bytes("customers.csv", CUSTOMERS));
    Pipeline::builder("orders")
        .read(csv::read_records("examples/data/orders.csv"))
        .try_filter(|order| Ok(order.text("status")? == "paid"))
        .cast("amount", Type::Float)
        .lookup(customers, ("customer", "name"), Memory::mib(16))
        .select(["order_id", "customer", "country", "amount"])
}

fn print(flow: Flow<Records>) -> Result<Pipeline, BuildError> {
    flow.write(csv::write(Output::stdout()))
}

fn main() -> Result<(), BoxError> {
    let per_country = paid_orders()
        .group_by("country", Memory::mib(16))
        .aggregate([agg::count().named("orders"), agg::sum("amount").named("total"), agg::max("amount")])
        .sort_by(desc("total"), Memory::mib(16));
    print(per_country)?.run_blocking(&RunContext::new())?;

    println!();
    let largest = paid_orders().top(10, [desc("amount"), asc("order_id")], Memory::mib(16));
    print(largest)?.run_blocking(&RunContext::new())?;
    Ok(())
}

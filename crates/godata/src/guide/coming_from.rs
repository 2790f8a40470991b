//! Coming from pandas, Polars or dlt.
//!
//! A pipeline describes what becomes of each record, and `run` does it, in parallel and a few batches at a time. It is closest to
//! a lazy frame of Polars that is written to a file without being collected. Four things are different:
//!
//! * **Nothing is guessed.** Each cell of a CSV file is text until a step casts it. Sorts and sums read text that is a number as a
//!   number.
//! * **Your rules are Rust closures over a record**, compiled with your program. There is no language of expressions.
//! * **A bad row stops the run**, with its file, line and value, or [is set aside](super::errors) with the reason. It never
//!   becomes a null by itself.
//! * **An output is complete or not there.** The file of yesterday stays until today's is whole.
//!
//! ```
//! use godata::prelude::*;
//!
//! # let folder = tempfile::tempdir()?;
//! # std::env::set_current_dir(folder.path())?;
//! std::fs::write("orders.csv", "id;amount;day\nA-1;1.234,50;31.01.2026\nA-2;n/a;01.02.2026\nA-1;1.234,50;31.01.2026\n")?;
//!
//! // pl.scan_csv("orders.csv", separator=";", null_values="n/a")
//! Pipeline::builder("orders")
//!     .read(csv::read_records("orders.csv").delimiter(b';').nulls(["n/a"]))
//!     // .unique("id", keep="first", maintain_order=True)
//!     .dedupe_by("id", Keep::First, Memory::mib(64))
//!     // .with_columns(pl.col("amount").str.replace(".", "", literal=True).str.replace(",", ".").cast(pl.Decimal(38, 2)))
//!     .cast("amount", Cast::decimal().comma().thousands('.'))
//!     // .with_columns(pl.col("day").str.to_date("%d.%m.%Y"))
//!     .cast("day", Cast::date("%d.%m.%Y"))
//!     // .with_columns(pl.col("amount").fill_null(0))
//!     .fill_null("amount", 0)
//!     // .sink_csv("clean.csv")
//!     .write(csv::write("clean.csv"))?
//!     .run_blocking(&RunContext::new())?;
//! assert_eq!(std::fs::read_to_string("clean.csv")?, "id,amount,day\nA-1,1234.50,2026-01-31\nA-2,0,2026-02-01\n");
//! # Ok::<(), BoxError>(())
//! ```
//!
//! # How do I write this verb?
//!
//! Where pandas and Polars have different names, pandas is first. `m` is a [`Memory`], such as `Memory::mib(64)`; the guide about
//! [joins, groups and sorts](super::keyed) says what it bounds.
//!
//! | pandas, Polars | here |
//! |---|---|
//! | `read_csv`, `scan_csv` | `.read(csv::read_records("a.csv"))`, or `csv::read::<Order>("a.csv")` for structs |
//! | `read_json(lines=True)`, `scan_ndjson` | `.read(jsonl::read_records("a.jsonl"))` |
//! | `concat` of files | [`Input::glob`], [`Input::paths`]; [`FileColumns::AnyOrder`](csv::FileColumns::AnyOrder) or `Union` if their columns differ |
//! | columns that some files call by another name | `.alias("amount", ["Amount", "Betrag"])` |
//! | `concat` of anything else | [`chain`]`(first, second)` is a reader |
//! | `df[["a", "b"]]`, `select` | `.select(["a", "b"])` |
//! | `rename`, `drop` | `.rename("a", "b")`, `.drop_fields("a")` |
//! | `df[df.a == "x"]`, `filter` | `.try_filter(\|r\| Ok(r.text("a")? == "x"))` |
//! | `dropna`, `drop_nulls` | `.not_null("a")`, which [rejects](super::errors) such records; to drop them, `.null_if("a", [""]).filter(\|r\| !r.is_null("a"))` |
//! | `assign`, `with_columns` | `.derive("gross", \|r\| Ok(r.f64("net")? * 1.19))` |
//! | `apply(axis=1)`, `map_elements` | `.transform(…)` changes the record, `.map(…)` makes a value of any type |
//! | `astype`, `cast` | `.cast("a", Type::Int)` |
//! | `to_datetime(format=…)`, `str.to_date` | `.cast("a", Cast::date("%d.%m.%Y"))`, `Cast::timestamp` |
//! | `decimal=","`, `thousands="."` | `.cast("a", Cast::decimal().comma().thousands('.'))` |
//! | `str.strip`, `str.strip_chars` | `.trim("a")` |
//! | `replace("n/a", None)` | `.null_if("a", ["n/a"])`, or `nulls` of the reader |
//! | `fillna`, `fill_null` | `.fill_null("a", 0)` |
//! | `combine_first`, `coalesce` | `.coalesce("phone", ["mobile", "home"])` |
//! | `drop_duplicates`, `unique` | `.dedupe(Keep::First, m)`, or `.dedupe_by("id", Keep::Last, m)` |
//! | `sort_values`, `sort` | `.sort_by([asc("day"), desc("amount")], m)` |
//! | `nlargest`, `top_k` | `.top(10, desc("amount"), m)` |
//! | `head` | `.take(10)`; `.collect(10).await?` to look at them |
//! | `groupby().agg`, `group_by().agg` | `.group_by("a", m).aggregate([agg::count(), agg::sum("b"), agg::distinct("c")])` |
//! | `groupby().apply`, `map_groups` | `.group_by("a", m).fold(…)` |
//! | `value_counts` | `.group_by("a", m).aggregate([agg::count()]).sort_by(desc("count"), m)` |
//! | `merge`, `join` | `.join(table, "id", Join::Inner, m)`; with `how="left"` `Join::Left`, or `.lookup(table, "id", m)` if each id is once in the table |
//! | `isin`, a semi join; its opposite | `.join(table, "id", Join::Semi, m)`; `Join::Anti` |
//! | `str.split`, `explode` | `.split("tags", ";").explode("tags")` |
//! | `melt`, `unpivot` | `.unpivot(["jan", "feb"], "month", "sold")` |
//! | `cumsum`, `shift(1)`, `diff` | `.scan(…)`, which keeps a state from record to record |
//! | `to_csv`, `sink_csv`, `to_json` | `.write(csv::write("a.csv"))`, `jsonl::write`, `json::write` |
//! | one file per country | `csv::write(Output::partitioned("out/{country}.csv"))` |
//! | two outputs | [`tee`]`(first, second)` is a writer of both, [`route`] one that chooses |
//! | an output of what is here, before it goes on | `.also_write(csv::write("clean.csv"))`, one transaction with the output at the end |
//! | `to_sql`, `write_database` | a [`RowSink`] for your client, with one transaction per batch |
//! | `chunksize=`, the streaming engine | always |
//! | `dtypes`, a first look at a file | [`csv::sample()`] proposes the columns and their casts |
//!
//! Wide columns become rows, and lists too:
//!
//! ```
//! use godata::prelude::*;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), BoxError> {
//! let shops = Input::bytes("shops.csv", "shop,tags,jan,feb\nA,new;big,7,9\n");
//! let sold = Pipeline::builder("sold")
//!     .read(csv::read_records(shops))
//!     .unpivot(["jan", "feb"], "month", "sold")
//!     .split("tags", ";")
//!     .explode("tags")
//!     .collect(1)
//!     .await?;
//! assert_eq!(sold, [record! {"shop" => "A", "tags" => "new", "month" => "jan", "sold" => "7"}]);
//! # Ok(())
//! # }
//! ```
//!
//! # And from dlt?
//!
//! | dlt | here |
//! |---|---|
//! | a resource | a [`Reader`], or a closure for [`read_iter`](PipelineBuilder::read_iter), [`read_stream`](PipelineBuilder::read_stream) or [`read_fn`](PipelineBuilder::read_fn) |
//! | a transformer that asks an API for each item | [`map_async`](Flow::map_async), with a limit for calls at a time |
//! | `write_disposition="replace"` | a path |
//! | `"append"` | [`Output::append`] |
//! | `"merge"` with a primary key | a [`RowSink`] with `INSERT … ON CONFLICT`; for a file, the example below |
//! | `incremental("updated_at")` | no cursor is kept for you; see below |
//! | a schema contract that freezes | `select`, `cast` or structs; other columns in CSV files are an error |
//! | … that discards the row | [`on_error`](PipelineBuilder::on_error) with [`OnError`]; [`expect`](Flow::expect) for rules of your own |
//! | … that evolves | [`FileColumns::Union`](csv::FileColumns::Union); in JSON, each record brings its own names |
//! | retries of requests | [`retry`]`(reader, policy)`; of the whole run, [`Registration::retry`](crate::Registration::retry) |
//! | nested JSON into child tables | by hand: `flat_map` or `explode` |
//! | the history of runs, schedules | an [`orchestrator`](crate::orchestrator) and its store |
//!
//! A file that new records are merged into, the newest of each id last:
//!
//! ```
//! use godata::prelude::*;
//! use godata::chain;
//!
//! # let folder = tempfile::tempdir()?;
//! # std::env::set_current_dir(folder.path())?;
//! std::fs::write("all.csv", "id,status\nA-1,open\nA-2,open\n")?;
//! std::fs::write("new.csv", "id,status\nA-1,paid\nA-3,open\n")?;
//! Pipeline::builder("merge")
//!     .read(chain(csv::read_records("all.csv"), csv::read_records("new.csv")))
//!     .dedupe_by("id", Keep::Last, Memory::mib(64))
//!     .write(csv::write("all.csv"))?
//!     .run_blocking(&RunContext::new())?;
//! assert_eq!(std::fs::read_to_string("all.csv")?, "id,status\nA-2,open\nA-1,paid\nA-3,open\n");
//! # Ok::<(), BoxError>(())
//! ```
//!
//! **Incremental loads.** A run gets its window from outside: the due time of its schedule or a parameter. So a window can be run
//! again, and a [`Backfill`](crate::Backfill) runs those of the past.
//!
//! ```
//! use godata::prelude::*;
//!
//! # let folder = tempfile::tempdir()?;
//! # std::env::set_current_dir(folder.path())?;
//! std::fs::write("orders-2026-01-31.csv", "id\nA-1\n")?;
//! let pipeline = Pipeline::builder("daily")
//!     .read_with(|cx| Ok(csv::read_records(format!("orders-{}.csv", cx.params().require("day")?))))
//!     .write_with(|cx| Ok(jsonl::write(format!("orders-{}.jsonl", cx.params().require("day")?))))?;
//! pipeline.run_blocking(&RunContext::new().with_param("day", "2026-01-31"))?;
//! assert_eq!(std::fs::read_to_string("orders-2026-01-31.jsonl")?, "{\"id\":\"A-1\"}\n");
//! # Ok::<(), BoxError>(())
//! ```
//!
//! If the source can only be asked for "all after X", keep X where the records go: ask the target for its greatest value when the
//! reader opens.
//!
//! # What is better left to them?
//!
//! * **Arithmetic over many columns of numbers**: Polars and DuckDB compute on whole columns at a time, godata row by row.
//! * **Windows over groups**, moving averages, resampling, the nearest match in time: `scan` does the simplest of them, in the order
//!   of the input.
//! * **Pivots**, whose columns are known only from the data, and medians, quantiles and standard deviations of groups.
//! * **SQL**, and questions that nobody has asked before: DuckDB reads the CSV and JSON files that a pipeline has cleaned.
//! * **Looking around in a notebook, and plots**: a frame stays in memory, and a pipeline reads its input again.
//! * **Parquet, Excel, object stores**: [`Reader`] and [`Writer`] are for that, but none is built in.
//! * **Sources of others**: dlt has hundreds, with their logins and pages. It also creates and changes the tables of a warehouse.
//!
//! Take godata for the job that runs each night without you: one program, no Python to install, in a known amount of memory. Where
//! the data is wrong, it stops or sets the row aside, and names the line.

#[cfg(doc)]
use crate::{
    Flow, Input, Memory, OnError, Output, PipelineBuilder, Reader, RowSink, Writer, chain, csv, retry, route,
    tee,
};

//! Joins, groups, sorts and their memory.
//!
//! Most steps look at one record at a time. The steps on this page compare records by a key: fields of dynamic records, or what a
//! closure returns for typed ones. They work on inputs of any size in a memory that you set.
//!
//! ```
//! use godata::prelude::*;
//!
//! # let folder = tempfile::tempdir()?;
//! # std::env::set_current_dir(folder.path())?;
//! std::fs::write("orders.csv", "id,customer,amount\n1,7,12.50\n2,8,3\n2,8,3\n3,7,0.25\n4,,99\n5,9,4\n")?;
//! std::fs::write("customers.csv", "id,country\n7,DE\n8,AT\n9,DE\n")?;
//!
//! let memory = Memory::mib(64);
//! Pipeline::builder("countries")
//!     .read(csv::read_records("orders.csv"))
//!     .dedupe_by("id", Keep::First, memory.clone())
//!     .lookup(csv::read_records("customers.csv"), ("customer", "id"), memory.clone())
//!     .group_by("country", memory.clone())
//!     .aggregate([agg::count(), agg::sum("amount").named("total")])
//!     .sort_by(desc("total"), memory)
//!     .write(csv::write("countries.csv"))?
//!     .run_blocking(&RunContext::new())?;
//! assert_eq!(std::fs::read_to_string("countries.csv")?, "country,count,total\n,1,99\nDE,3,16.75\nAT,1,3\n");
//! # Ok::<(), BoxError>(())
//! ```
//!
//! # Which step do I need?
//!
//! | for | use |
//! |---|---|
//! | all records in an order | [`sort_by`](Flow::sort_by) |
//! | the ten largest | [`top`](Flow::top) |
//! | one record of each id, the first or the last | [`dedupe_by`](Flow::dedupe_by), or [`dedupe`](Flow::dedupe) by all fields |
//! | sums, counts, means, least and greatest values per group | [`group_by`](Flow::group_by), then [`aggregate`](crate::GroupByFields::aggregate) with [`agg`](crate::agg); typed flows have [`sum`](crate::GroupBy::sum), [`count`](crate::GroupBy::count) and the others |
//! | anything else per group | [`group_by`](Flow::group_by), then `fold` |
//! | fields of a table, in which each key is there once | [`lookup`](Flow::lookup) |
//! | all matches in a table | [`join`](Flow::join) with [`Join::Inner`], or [`Join::Left`] to keep records without a match |
//! | only the records that a table has, or has not | [`join`](Flow::join) with [`Join::Semi`] or [`Join::Anti`] |
//! | a number, a running total, the record before | [`scan`](Flow::scan), which keeps no records |
//! | something of your own | [`stateful_step`](Flow::stateful_step), at the end of this page |
//!
//! The table of a join or a lookup is a reader, or a flow with steps of its own, such as a cast. It should be the smaller side. There
//! is no right join: swap the sides. Take `lookup` if each key must be in the table only once. A key that is there twice fails the
//! run, rather than counting an amount twice.
//!
//! # What is equal, and what comes first?
//!
//! | fields of dynamic records | in a sort | in a group or dedupe | in a join or lookup |
//! |---|---|---|---|
//! | absent, null, or an empty cell of a CSV file | last, with `asc` and with `desc` | equal to each other: one group, the last one | matches nothing |
//! | the text `9` and the text `10` | `9` first, because all cells of a CSV file are text | different | different |
//! | the text `007` and the text `7` | equal, and keep their order | different | different |
//! | the number 1.50 and the number 1.5 | equal | equal | equal |
//! | the text `1` and the number 1 | equal | different | different |
//!
//! A text such as `1.234,50` is no number until a step [casts](Flow::cast) it, so it sorts as a text.
//!
//! So `dedupe_by("email", …)` keeps one of all records without an email. Dates as text sort correctly in the form `2026-01-31`.
//!
//! If a field is text in all records and a number in the whole table, nothing can match, and the run fails rather than
//! writing an empty file. Cast the field on one side:
//!
//! ```
//! use godata::prelude::*;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), BoxError> {
//! let orders = || Pipeline::builder("orders").read(csv::read_records(Input::bytes("orders", "id,customer\n1,7\n")));
//! let customers = || jsonl::read_records(Input::bytes("customers", r#"{"customer": 7, "name": "Ann"}"#));
//!
//! let error = orders().lookup(customers(), "customer", Memory::mib(64)).collect(10).await.unwrap_err();
//! let says = "the field `customer` is text here and a number in the table, so nothing can match; cast it on one side";
//! assert!(format!("{error:#}").ends_with(says));
//!
//! let flow = orders().cast("customer", Type::Int).lookup(customers(), "customer", Memory::mib(64));
//! assert_eq!(flow.collect(10).await?, [record! {"id" => "1", "customer" => 7, "name" => "Ann"}]);
//! # Ok(())
//! # }
//! ```
//!
//! The keys of typed records compare as Rust compares them: `None` comes first, and in a join it equals `None`.
//! [`Reverse`](std::cmp::Reverse) sorts from the greatest to the least.
//!
//! # In which order do the records come out?
//!
//! | step | order | when |
//! |---|---|---|
//! | `sort_by`, `top` | by key; records with equal keys keep their order | at the end of the input |
//! | `group_by` | by key, field by field, in the order of a sort | at the end of the input |
//! | `dedupe_by` | as they came | `Keep::First`: at once, while the keys fit into memory; `Keep::Last`: at the end of the input |
//! | `lookup`, `join` | as they came; the matches of a record in the order of the table | at once, if the table fits into memory; else at the end of the input |
//!
//! The output is the same for every memory and every number of workers, so nothing changes when the input outgrows the memory. The
//! exception is a pipeline that is [`unordered`](crate::PipelineBuilder::unordered): there, the first record is the first to arrive.
//!
//! Errors of later steps still name the file and the line of a record. A group has the place of its first record.
//!
//! # How much memory does a step take?
//!
//! Each step has a [`Memory`] of its own, whatever the number of workers. What does not fit goes to temporary files.
//!
//! | step | keeps in memory | if that is too much |
//! |---|---|---|
//! | `sort_by` | all records | sorted parts go to files, and are merged at the end |
//! | `top` | the first `n` of each batch, until that is too much | only the first `n` of all are kept |
//! | `dedupe_by` with `Keep::First` | the keys, in half of the memory | the records with other keys go to files |
//! | `dedupe_by` with `Keep::Last` | all records | as in a sort |
//! | `group_by` | the keys and what becomes of each group, in half of the memory | the records with other keys go to files, and are grouped at the end |
//! | `lookup`, `join` | the table, if it fits into a seventh of the memory | the table and the records are sorted by key in files, merged, and sorted back |
//!
//! Groups can grow after they have come into memory: those of [`agg::distinct`](crate::agg::distinct) by each new value. If they
//! outgrow the `Memory`, the run fails.
//!
//! Beyond the `Memory` of its steps, a pipeline needs memory for:
//!
//! * the batches in flight, as [every pipeline](super::files#how-much-memory-does-it-take);
//! * what `fold` and the typed `distinct` build on the heap, such as a `Vec` or a set in each group, and typed keys: only the size of
//!   the type itself is counted;
//! * a record that is larger than the memory.
//!
//! # How much memory should I give it?
//!
//! 64 MiB are a good start, and often more than needed:
//!
//! * **A table** stays in memory, and the records stream past it, if the memory is seven times its size. That is worth it.
//! * **Groups** stay in memory if there are few: a million groups with short keys and three aggregates need about 250 MiB, and
//!   with a typed sum 120 MiB. Less also works. Only the records of the groups that don't fit go to files.
//! * **A sort** is not much slower with files. With 64 MiB, up to about 2.5 GB of records are written once and read once;
//!   beyond that, some are written twice.
//!
//! Several steps in a pipeline have their memories at the same time, and so have runs that go on together: three steps with
//! 64 MiB, in a pipeline that runs twice at a time, are 384 MiB.
//!
//! # Where are the temporary files?
//!
//! In [`std::env::temp_dir`], which is `$TMPDIR` or `/tmp`, or in the folder of [`Memory::spill_to`]. They are made only if the memory
//! is full. They have no names in the file system, so nothing is left of them when the run ends, fails, panics, or its process is
//! killed. In a sort they take up to twice the size of the records, in a join also what comes out. If the disk is full, the
//! run fails, and the old output stays.
//!
//! On many systems `/tmp` is in memory (`df /tmp` says `tmpfs`), and in a container it may count toward the limit. Then a spill
//! saves nothing: choose a folder on a disk, `Memory::mib(64).spill_to("/var/tmp")`.
//!
//! The files hold the records as they are, without encryption. Choose an encrypted disk if the records need one.
//!
//! # What if the table has a bad row?
//!
//! It fails the run, also with [`on_error`](crate::PipelineBuilder::on_error): a missing customer would change other rows. A table
//! whose bad rows may be left out is a flow with a policy of its own:
//!
//! ```
//! use godata::prelude::*;
//! use godata::{Limit, OnError};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), BoxError> {
//! let rates = Pipeline::builder("rates")
//!     .on_error(OnError::skip(Limit::records(1)))
//!     .read(csv::read_records(Input::bytes("rates", "currency,rate\nCHF,1.06\nUSD,n/a\n")))
//!     .cast("rate", Type::Float);
//! let orders = vec![record! {"id" => 1, "currency" => "CHF"}, record! {"id" => 2, "currency" => "USD"}];
//! let flow = Pipeline::builder("orders").read_vec(orders).untyped();
//! let rates: Vec<_> = flow
//!     .lookup(rates, "currency", Memory::mib(64))
//!     .map(|order| order.f64("rate").ok())
//!     .collect(10)
//!     .await?;
//! assert_eq!(rates, [Some(1.06), None]);
//! # Ok(())
//! # }
//! ```
//!
//! The table is read once for each run, before the first record. So a service that runs for weeks sees today's table.
//!
//! # How do I write such a step myself?
//!
//! Implement [`StatefulStep`]. It sees the batches in order, one at a time, can pass records on at once, and others after the end
//! of the input. It bounds its own memory:
//!
//! ```
//! use godata::prelude::*;
//! use godata::{Chunk, Origin, StatefulStep, Stop, Unit, Work};
//!
//! /// Adds a last line with the total.
//! #[derive(Default)]
//! struct Total(Option<i64>);
//!
//! impl StatefulStep for Total {
//!     type In = Vec<(String, i64)>;
//!     type Out = Vec<(String, i64)>;
//!
//!     fn accept(&mut self, chunk: Chunk<Self::In>, _: &mut Work) -> Result<Option<Unit<Self::Out>>, Stop> {
//!         let total: i64 = chunk.batch().iter().map(|(_, amount)| amount).sum();
//!         *self.0.get_or_insert(0) += total;
//!         Ok(Some(Unit::ready(chunk)))
//!     }
//!
//!     fn finish(&mut self, _: &mut Work) -> Result<Option<Unit<Self::Out>>, Stop> {
//!         // Called until it returns `None`.
//!         let line = self.0.take().map(|total| vec![("total".to_owned(), total)]);
//!         Ok(line.map(|line| Unit::ready(Chunk::new(line, Origin::default()))))
//!     }
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), BoxError> {
//! let orders = vec![("A-1".to_owned(), 12), ("A-2".to_owned(), 30)];
//! let flow = Pipeline::builder("orders").read_vec(orders).stateful_step("total", |_cx| Ok(Total::default()));
//! assert_eq!(flow.collect(10).await?.last(), Some(&("total".to_owned(), 42)));
//! # Ok(())
//! # }
//! ```

#[cfg(doc)]
use crate::{Flow, Join, Memory, StatefulStep};

//! The steps that clean fields.

use std::sync::Arc;

use crate::{Batch, BuildError, Chunk, Flow, IntoFields, NamedFields, Records, Stop, Value, Work, step};

/// The steps that clean fields by their names. An unknown name is treated as by [`select`](Flow::select): it fails the run if
/// the names are fixed by the input, and otherwise a record that lacks a field stays without it. [`cast`](Flow::cast) changes
/// types, and its [`Cast`](crate::Cast) reads the notations of people.
///
/// A field **has no value** if it is absent, null, or an empty cell of a CSV file, which has no other way to say that there is
/// none. This is the rule of [`fill_null`](Flow::fill_null), [`coalesce`](Flow::coalesce), [`not_null`](Flow::not_null),
/// [`alias`](Flow::alias) and [`rename`](Flow::rename), of the keys of joins, groups and sorts, and of an `Option` in a struct. An
/// empty string of JSON is a value. What a CSV file has in an empty cell is still text to everything else: [`cast`](Flow::cast)
/// rejects it, and [`null_if`](Flow::null_if) or [`nulls`] of the reader make it null.
///
/// [`nulls`]: https://docs.rs/godata-io-csv/latest/godata_io_csv/struct.CsvReader.html#method.nulls
///
/// ```
/// # use godata_etl::{Cast, Pipeline, record};
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), godata_etl::BoxError> {
/// let orders = Pipeline::builder("orders")
///     .read_vec(vec![record! {"id" => " A-1", "amount" => "n/a", "tags" => "new;gift"}])
///     .untyped()
///     .trim(["id"])
///     .null_if(["amount"], ["", "n/a"])
///     .cast("amount", Cast::decimal().comma())
///     .fill_null(["amount"], 0)
///     .split("tags", ";")
///     .explode("tags")
///     .collect(10)
///     .await?;
/// assert_eq!(orders, [
///     record! {"id" => "A-1", "amount" => 0, "tags" => "new"},
///     record! {"id" => "A-1", "amount" => 0, "tags" => "gift"},
/// ]);
/// # Ok(())
/// # }
/// ```
impl<B: Batch> Flow<B> {
    /// Removes the white space before and after the texts of these fields. Other values stay as they are.
    pub fn trim(self, fields: impl IntoFields<String>) -> Flow<Records>
    where
        B: NamedFields,
    {
        let fields = fields.into_list();
        NamedFields::flow(self).reshape("trim", fields.clone(), move |records| Ok(records.trim(&fields)?))
    }

    /// Makes these fields null where they equal one of these values: `null_if(["amount"], ["", "n/a"])`. A text equals only the
    /// same text, with its spaces and its letter case; what is not cast yet is text.
    pub fn null_if<V>(self, fields: impl IntoFields<String>, values: V) -> Flow<Records>
    where
        B: NamedFields,
        V: IntoIterator<Item: Into<Value>>,
    {
        let fields = fields.into_list();
        let values: Vec<Value> = values.into_iter().map(Into::into).collect();
        NamedFields::flow(self)
            .reshape("null_if", fields.clone(), move |records| Ok(records.null_if(&fields, &values)?))
    }

    /// Gives these fields a value where they have none: where they are absent, null, or an empty cell of a CSV file.
    pub fn fill_null(self, fields: impl IntoFields<String>, value: impl Into<Value>) -> Flow<Records>
    where
        B: NamedFields,
    {
        let (fields, value) = (fields.into_list(), value.into());
        NamedFields::flow(self)
            .reshape("fill_null", Vec::new(), move |records| Ok(records.fill_null(&fields, &value)?))
    }

    /// Sets the field `into` to the first of these fields that has a value, and to null if there is none. Absent, null and an
    /// empty cell of a CSV file are no values. The fields stay; `into` can be one of them.
    ///
    /// ```
    /// # use godata_etl::{Pipeline, record};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), godata_etl::BoxError> {
    /// let people = Pipeline::builder("people")
    ///     .read_vec(vec![record! {"mobile" => (), "home" => "030-1"}])
    ///     .untyped()
    ///     .coalesce("phone", ["mobile", "home"])
    ///     .collect(1)
    ///     .await?;
    /// assert_eq!(people, [record! {"mobile" => (), "home" => "030-1", "phone" => "030-1"}]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn coalesce(self, into: impl Into<String>, fields: impl IntoFields<String>) -> Flow<Records>
    where
        B: NamedFields,
    {
        let (into, fields) = (into.into(), fields.into_list());
        let mistake = fields.is_empty().then_some("needs at least one field");
        NamedFields::flow(self).looking_for("coalesce", mistake, fields.clone(), move |mut chunk, _| {
            chunk.batch.coalesce(&into, &fields)?;
            Ok(chunk)
        })
    }

    /// Rejects the records that have no value in one of these fields: absent, null, or an empty cell of a CSV file. By default,
    /// the first of them fails the run; [`on_error`](crate::PipelineBuilder::on_error) leaves them out. The error names the field.
    ///
    /// ```
    /// # use godata_etl::{Limit, OnError, Pipeline, record};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), godata_etl::BoxError> {
    /// let orders = Pipeline::builder("orders")
    ///     .on_error(OnError::skip(Limit::records(1)))
    ///     .read_vec(vec![record! {"id" => 1, "customer" => "Ann"}, record! {"id" => 2, "customer" => ()}])
    ///     .untyped()
    ///     .not_null(["id", "customer"])
    ///     .collect(10)
    ///     .await?;
    /// assert_eq!(orders, [record! {"id" => 1, "customer" => "Ann"}]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// To drop such records without counting them as faults, use [`filter`](Self::filter).
    pub fn not_null(self, fields: impl IntoFields<String>) -> Flow<Records>
    where
        B: NamedFields,
    {
        let fields = fields.into_list();
        let mistake = fields.is_empty().then_some("needs at least one field");
        NamedFields::flow(self)
            .looking_for("not_null", mistake, Vec::new(), move |chunk, work| chunk.not_null(work, &fields))
    }

    /// Splits the text of a field at each separator into a list of texts. Null stays null, and empty text becomes a list of one
    /// empty text. [`explode`](Self::explode) makes records of the list, and [`join_text`](Self::join_text) text again.
    ///
    /// A record whose field is of another type is rejected.
    pub fn split(self, field: impl Into<String>, separator: impl Into<String>) -> Flow<Records>
    where
        B: NamedFields,
    {
        let (field, separator) = (field.into(), separator.into());
        let mistake = separator.is_empty().then_some("needs a separator that is not empty");
        NamedFields::flow(self).looking_for("split", mistake, vec![field.clone()], move |chunk, work| {
            chunk.split(work, &field, &separator)
        })
    }

    /// Joins the list in a field into one text, with a separator between its elements. Nulls in the list are left out. Null
    /// stays null.
    ///
    /// A record whose field is not a list, or has bytes, a list or a map in its list, is rejected.
    pub fn join_text(self, field: impl Into<String>, separator: impl Into<String>) -> Flow<Records>
    where
        B: NamedFields,
    {
        let (field, separator) = (field.into(), separator.into());
        NamedFields::flow(self).looking_for("join_text", None, vec![field.clone()], move |chunk, work| {
            chunk.join_text(work, &field, &separator)
        })
    }

    /// Makes a record for each element of the list in a field. Each has the element in place of the list, and the other fields
    /// and the origin of its record. A record whose list is empty or null stays, with null.
    ///
    /// A record whose field is neither a list nor null is rejected. The records of one batch are in memory together.
    pub fn explode(self, field: impl Into<String>) -> Flow<Records>
    where
        B: NamedFields,
    {
        let field = field.into();
        NamedFields::flow(self)
            .looking_for("explode", None, vec![field.clone()], move |chunk, work| chunk.explode(work, &field))
    }

    /// Makes a record for each of these fields, which are columns of the same thing: months, say. Each has the name of the field
    /// in `name` and its value in `value`, and the other fields and the origin of its record. An absent field is null.
    ///
    /// ```
    /// # use godata_etl::{Pipeline, record};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), godata_etl::BoxError> {
    /// let sales = Pipeline::builder("sales")
    ///     .read_vec(vec![record! {"shop" => "A", "jan" => 7, "feb" => 9}])
    ///     .untyped()
    ///     .unpivot(["jan", "feb"], "month", "sold")
    ///     .collect(10)
    ///     .await?;
    /// assert_eq!(sales, [
    ///     record! {"shop" => "A", "month" => "jan", "sold" => 7},
    ///     record! {"shop" => "A", "month" => "feb", "sold" => 9},
    /// ]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// The run fails if `name` or `value` is the name of another field that stays.
    pub fn unpivot(
        self,
        fields: impl IntoFields<String>,
        name: impl Into<String>,
        value: impl Into<String>,
    ) -> Flow<Records>
    where
        B: NamedFields,
    {
        let (fields, name, value) = (fields.into_list(), name.into(), value.into());
        let mistake = fields.is_empty().then_some("needs at least one field");
        NamedFields::flow(self).looking_for("unpivot", mistake, fields.clone(), move |chunk, work| {
            chunk.unpivot(work, &fields, &name, &value)
        })
    }
}

impl Flow<Records> {
    /// Appends a step that looks for these fields, unless its arguments have a mistake, which the `write` then returns.
    pub(super) fn looking_for<F>(
        self,
        name: &'static str,
        mistake: Option<&'static str>,
        fields: Vec<String>,
        f: F,
    ) -> Self
    where
        F: Fn(Chunk<Records>, &mut Work) -> Result<Chunk<Records>, Stop> + Send + Sync + 'static,
    {
        let missing = move |records: &Records| {
            let missing = fields.iter().filter(|field| records.shape().position(field).is_none());
            missing.map(|field| field.as_str().into()).collect()
        };
        self.step_unless(mistake, name, missing, f)
    }

    /// The same with a closure that returns the fields that none of the records of a batch has.
    pub(super) fn step_unless<M, F>(
        self,
        mistake: Option<&'static str>,
        name: &'static str,
        missing: M,
        f: F,
    ) -> Self
    where
        M: Fn(&Records) -> Vec<Arc<str>> + Send + Sync + 'static,
        F: Fn(Chunk<Records>, &mut Work) -> Result<Chunk<Records>, Stop> + Send + Sync + 'static,
    {
        self.append(name, move |open, pipeline, info| match mistake {
            None => Ok(step::looking_for(open, info.index, missing, f)),
            Some(mistake) => {
                let (pipeline, step, mistake) = (pipeline.to_owned(), info.clone(), mistake.to_owned());
                Err(BuildError::InvalidStep { pipeline, step, mistake })
            }
        })
    }
}

//! The steps that clean fields.

use crate::{Batch, BuildError, Chunk, Flow, NamedFields, Records, Stop, Value, Work, step};

/// The steps that clean fields by their names. An unknown name is treated as by [`select`](Flow::select): it fails the run if
/// the names are fixed by the input, and otherwise a record that lacks a field stays without it. [`cast`](Flow::cast) changes
/// types, and its [`Cast`](crate::Cast) reads the notations of people.
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
    pub fn trim<I>(self, fields: I) -> Flow<Records>
    where
        B: NamedFields,
        I: IntoIterator<Item: Into<String>>,
    {
        let fields = names(fields);
        NamedFields::flow(self).reshape("trim", move |records| Ok(records.trim(&fields)?))
    }

    /// Makes these fields null where they equal one of these values: `null_if(["amount"], ["", "n/a"])`. A text equals only the
    /// same text, with its spaces and its letter case; what is not cast yet is text.
    pub fn null_if<I, V>(self, fields: I, values: V) -> Flow<Records>
    where
        B: NamedFields,
        I: IntoIterator<Item: Into<String>>,
        V: IntoIterator<Item: Into<Value>>,
    {
        let fields = names(fields);
        let values: Vec<Value> = values.into_iter().map(Into::into).collect();
        NamedFields::flow(self).reshape("null_if", move |records| Ok(records.null_if(&fields, &values)?))
    }

    /// Gives these fields a value where they are null. A record of its own names that lacks a field gets it.
    ///
    /// An empty cell of a CSV file is empty text and not null, until [`null_if`](Self::null_if) or an option of the reader
    /// makes it null.
    pub fn fill_null<I>(self, fields: I, value: impl Into<Value>) -> Flow<Records>
    where
        B: NamedFields,
        I: IntoIterator<Item: Into<String>>,
    {
        let (fields, value) = (names(fields), value.into());
        NamedFields::flow(self).reshape("fill_null", move |records| Ok(records.fill_null(&fields, &value)?))
    }

    /// Sets the field `into` to the first of these fields that is neither absent nor null, and to null if there is none. The
    /// fields stay; `into` can be one of them.
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
    pub fn coalesce<I>(self, into: impl Into<String>, fields: I) -> Flow<Records>
    where
        B: NamedFields,
        I: IntoIterator<Item: Into<String>>,
    {
        let (into, fields) = (into.into(), names(fields));
        let mistake = fields.is_empty().then_some("needs at least one field");
        NamedFields::flow(self).step_unless(mistake, "coalesce", move |mut chunk, _| {
            chunk.batch.coalesce(&into, &fields)?;
            Ok(chunk)
        })
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
        NamedFields::flow(self)
            .step_unless(mistake, "split", move |chunk, work| chunk.split(work, &field, &separator))
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
        NamedFields::flow(self)
            .step("join_text", move |chunk, work| chunk.join_text(work, &field, &separator))
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
        NamedFields::flow(self).step("explode", move |chunk, work| chunk.explode(work, &field))
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
    pub fn unpivot<I>(self, fields: I, name: impl Into<String>, value: impl Into<String>) -> Flow<Records>
    where
        B: NamedFields,
        I: IntoIterator<Item: Into<String>>,
    {
        let (fields, name, value) = (names(fields), name.into(), value.into());
        let mistake = fields.is_empty().then_some("needs at least one field");
        NamedFields::flow(self)
            .step_unless(mistake, "unpivot", move |chunk, work| chunk.unpivot(work, &fields, &name, &value))
    }
}

impl Flow<Records> {
    /// Appends a step, unless its arguments have a mistake, which the `write` then returns.
    fn step_unless<F>(self, mistake: Option<&'static str>, name: &'static str, f: F) -> Self
    where
        F: Fn(Chunk<Records>, &mut Work) -> Result<Chunk<Records>, Stop> + Send + Sync + 'static,
    {
        self.append(name, move |open, pipeline, info| match mistake {
            None => Ok(step::sync(open, info.index, f)),
            Some(mistake) => {
                let (pipeline, step, mistake) = (pipeline.to_owned(), info.clone(), mistake.to_owned());
                Err(BuildError::InvalidStep { pipeline, step, mistake })
            }
        })
    }
}

fn names<I: IntoIterator<Item: Into<String>>>(names: I) -> Vec<String> {
    names.into_iter().map(Into::into).collect()
}

//! Changes to the names of a whole batch. For implementors of steps.

use std::sync::Arc;

use super::batch::Records;
use super::cell::Cell;
use super::field_error::FieldError;
use super::shape::Shape;
use super::shape_error::ShapeError;

impl Records {
    /// Keeps these fields, in this order, and drops the others. After that, the names are
    /// [fixed](Self::has_fixed_names).
    ///
    /// An unknown name is an error if the names were given with the batch ([`with_names`](Self::with_names)). It is ignored
    /// if the rows brought their own names, because then a batch has a name only if one of its rows happens to have it. After
    /// a step that may have added fields to some of the rows, an unknown name is an error only if it differs from a known one
    /// in nothing but letter case, spaces and punctuation. The same holds for [`drop_fields`](Self::drop_fields) and
    /// [`rename`](Self::rename).
    ///
    /// # Errors
    ///
    /// [`ShapeError`] if a name appears twice, or is unknown and not ignored.
    ///
    /// ```
    /// use godata_etl::{Records, record};
    ///
    /// let mut batch = Records::with_names(["id", "note", "amount"])?;
    /// batch.push(record! {"id" => 1, "note" => "", "amount" => 2});
    /// batch.select(&["amount", "id"])?;
    /// assert!(batch.select(&["amuont"]).is_err());
    /// assert_eq!(batch.into_records(), [record! {"amount" => 2, "id" => 1}]);
    /// # Ok::<(), godata_etl::ShapeError>(())
    /// ```
    pub fn select<S: AsRef<str>>(&mut self, names: &[S]) -> Result<(), ShapeError> {
        let found: Vec<_> = names.iter().map(|name| self.find(name.as_ref())).collect::<Result<_, _>>()?;
        let known = self.shape.as_slice();
        let named = |(name, found): (&S, &Option<usize>)| match found {
            Some(position) => Arc::clone(&known[*position]),
            None => Arc::from(name.as_ref()),
        };
        let shape = Shape::new(names.iter().zip(&found).map(named))?;
        let mut columns = self.shape.len();
        let mut absent = || {
            self.storage.push_column(self.height);
            columns += 1;
            columns - 1
        };
        let positions: Vec<usize> =
            found.into_iter().map(|found| found.unwrap_or_else(&mut absent)).collect();
        self.storage.select(&positions);
        self.names = self.names.declared();
        self.sources.clear();
        self.shape = Arc::new(shape);
        Ok(())
    }

    /// Gives all rows the fields of `shape`, in its order. Fields that the batch lacks are null, and its other fields are
    /// dropped.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use godata_etl::{Records, Shape, record};
    ///
    /// let mut batch = Records::with_names(["id", "amount"])?;
    /// batch.push(record! {"id" => 1, "amount" => 2});
    /// batch.conform(&Arc::new(Shape::new(["amount", "coupon", "id"])?));
    /// assert_eq!(batch.into_records(), [record! {"amount" => 2, "coupon" => (), "id" => 1}]);
    /// # Ok::<(), godata_etl::ShapeError>(())
    /// ```
    pub fn conform(&mut self, shape: &Arc<Shape>) {
        if self.shape == *shape {
            return;
        }
        let mut columns = self.shape.len();
        let mut position = |name: &str| {
            self.shape.position(name).unwrap_or_else(|| {
                self.storage.push_null_column(columns, self.height);
                columns += 1;
                columns - 1
            })
        };
        let positions: Vec<usize> = shape.names().map(&mut position).collect();
        self.storage.select(&positions);
        self.sources.clear();
        self.shape = Arc::clone(shape);
    }

    /// Drops these fields.
    ///
    /// # Errors
    ///
    /// [`ShapeError::Unknown`] if a name is unknown and not ignored (see [`select`](Self::select)). No field is dropped then.
    pub fn drop_fields<S: AsRef<str>>(&mut self, names: &[S]) -> Result<(), ShapeError> {
        let mut positions = self.positions(names)?;
        positions.sort_unstable();
        positions.dedup();
        for position in positions.into_iter().rev() {
            self.forget_sources_with(position);
            self.drop_column(position);
        }
        Ok(())
    }

    /// Renames a field in all rows that have it. It keeps its position.
    ///
    /// If there is a field of the new name, the two become one, at the position of the first of them. In a row that has
    /// both, one must have no value, and the value of the other stays.
    ///
    /// # Errors
    ///
    /// [`ShapeError::Unknown`] if the name is unknown and not ignored (see [`select`](Self::select)).
    /// [`ShapeError::Taken`] if a row has a value in both fields.
    ///
    /// ```
    /// use godata_etl::{Records, record};
    ///
    /// let mut batch = Records::with_names(["id", "status", "Status"])?;
    /// batch.push(record! {"id" => 1, "status" => "paid", "Status" => ()});
    /// batch.push(record! {"id" => 2, "status" => (), "Status" => "open"});
    /// batch.rename("Status", "status")?;
    /// assert_eq!(batch.into_records(), [
    ///     record! {"id" => 1, "status" => "paid"},
    ///     record! {"id" => 2, "status" => "open"},
    /// ]);
    /// # Ok::<(), godata_etl::ShapeError>(())
    /// ```
    pub fn rename(&mut self, from: &str, to: &str) -> Result<(), ShapeError> {
        let Some(mut position) = self.find(from)? else { return Ok(()) };
        if from == to {
            return Ok(());
        }
        let taken = self.shape.position(to);
        if let Some(row) = taken.and_then(|taken| self.first_with_both(position, taken)) {
            return Err(ShapeError::Taken { from: from.to_owned(), to: to.to_owned(), row });
        }
        self.forget_sources_with(position);
        if let Some(taken) = taken {
            self.merge(taken.max(position), taken.min(position));
            position = position.min(taken);
        }
        Arc::make_mut(&mut self.shape).replace(position, to.into());
        Ok(())
    }

    /// The position of the first row that has a value in both columns.
    fn first_with_both(&self, one: usize, other: usize) -> Option<usize> {
        self.rows.iter().position(|&row| self.has_both(row, one, other))
    }

    fn has_both(&self, row: u32, one: usize, other: usize) -> bool {
        [one, other]
            .into_iter()
            .all(|column| self.storage.has_value(column, row as usize, self.empties.is_none(row as usize)))
    }

    /// The positions of the rows whose field `from` can't be renamed, because they have a value in `to` as well.
    pub(crate) fn taken(&self, from: &str, to: &str) -> Vec<u32> {
        let columns =
            self.shape.position(from).zip(self.shape.position(to)).filter(|(one, other)| one != other);
        let Some((one, other)) = columns else { return Vec::new() };
        let rows = (0..).zip(&self.rows).filter(|&(_, &row)| self.has_both(row, one, other));
        rows.map(|(position, _)| position).collect()
    }

    /// Which of these names the batch has, with their columns. The first is the one that the others stand for.
    ///
    /// # Errors
    ///
    /// [`ShapeError::Unknown`] if the batch has none, and the names are fixed.
    pub(crate) fn aliases(&self, names: &[String]) -> Result<Vec<(String, usize)>, ShapeError> {
        let known = names.iter().filter_map(|name| Some((name.clone(), self.shape.position(name)?)));
        let known: Vec<_> = known.collect();
        match names.first().filter(|_| known.is_empty()) {
            Some(field) => self.find(field).map(|_| known),
            None => Ok(known),
        }
    }

    /// Fails if the row at a position has a value in more than one of these columns.
    pub(crate) fn one_of(&self, position: usize, columns: &[(String, usize)]) -> Result<(), FieldError> {
        let Some(row) = self.rows.get(position).map(|&row| row as usize) else { return Ok(()) };
        let mut found = columns
            .iter()
            .filter(|(_, column)| self.storage.has_value(*column, row, self.empties.is_none(row)));
        match (found.next(), found.next()) {
            (Some((one, _)), Some((other, _))) => Err(FieldError::both(one, other)),
            _ => Ok(()),
        }
    }

    /// Moves the cells of column `from` to column `to`, and drops column `from`. No row has a value in both.
    fn merge(&mut self, from: usize, to: usize) {
        for row in self.rows.iter().map(|&row| row as usize) {
            let cell = self.storage.cell(from, row);
            let has_value = self.storage.has_value(from, row, self.empties.is_none(row));
            if has_value || (!cell.is_absent() && self.storage.cell(to, row).is_absent()) {
                self.storage.put(to, row, cell);
            }
        }
        self.drop_column(from);
    }

    /// Removes the names that no row has any more, after rows lost fields by [`remove`] or [`rename`].
    ///
    /// A step that changes rows calls this at its end, so that writers of tables get no empty column. It costs nothing if no
    /// row lost a field. A batch without rows keeps its names.
    ///
    /// [`remove`]: crate::RecordMut::remove
    /// [`rename`]: crate::RecordMut::rename
    pub fn prune(&mut self) {
        if !self.lost_fields || self.is_empty() {
            return;
        }
        self.lost_fields = false;
        self.remove_unused(|_| true);
    }

    /// Removes the names that no row has, except those of `shape`.
    pub(crate) fn prune_except(&mut self, shape: &Shape) {
        self.remove_unused(|name| shape.position(name).is_none());
    }

    fn remove_unused(&mut self, may_remove: impl Fn(&str) -> bool) {
        let used = self.storage.used(self.shape.len(), &self.rows);
        let names = self.shape.names().zip(&used).enumerate();
        let kept: Vec<usize> =
            names.filter(|&(_, (name, &used))| used || !may_remove(name)).map(|(column, _)| column).collect();
        if kept.len() < used.len() {
            Arc::make_mut(&mut self.shape).select(&kept);
            self.storage.select(&kept);
        }
    }

    pub(super) fn positions<S: AsRef<str>>(&self, names: &[S]) -> Result<Vec<usize>, ShapeError> {
        names.iter().filter_map(|name| self.find(name.as_ref()).transpose()).collect()
    }

    /// The position of a name, for [`RecordRef::cell_at`](crate::RecordRef::cell_at); `None` if it is unknown and ignored.
    ///
    /// # Errors
    ///
    /// [`ShapeError::Unknown`] if the name is unknown and not ignored (see [`select`](Self::select)).
    pub fn find(&self, name: &str) -> Result<Option<usize>, ShapeError> {
        if self.names.excludes(&self.shape, name) {
            return Err(self.shape.unknown(name));
        }
        Ok(self.shape.position(name))
    }

    /// Discards the sources of the rows that have this field, because the field is about to change. The other rows stay as
    /// they are.
    fn forget_sources_with(&mut self, column: usize) {
        for (row, source) in self.sources.iter_mut().enumerate() {
            if !self.storage.cell(column, row).is_absent() {
                *source = Cell::ABSENT;
            }
        }
    }

    fn drop_column(&mut self, column: usize) {
        Arc::make_mut(&mut self.shape).remove(column);
        self.storage.remove_column(column);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Value, record};

    fn batch() -> Records {
        let mut batch = Records::with_names(["a", "b", "c"]).unwrap();
        batch.extend([record! {"a" => 1, "b" => 2, "c" => 3}, record! {"b" => 5}]);
        batch
    }

    fn names(batch: &Records) -> Vec<&str> {
        batch.names().collect()
    }

    #[test]
    fn select_orders_the_fields_and_refuses_unknown_and_doubled_names() {
        let mut batch = batch();
        assert!(matches!(batch.select(&["a", "x"]), Err(ShapeError::Unknown { .. })));
        assert!(matches!(batch.select(&["a", "a"]), Err(ShapeError::Duplicate { .. })));
        assert_eq!(names(&batch), ["a", "b", "c"]);
        assert_eq!(batch.select(&["c", "a"]), Ok(()));
        assert_eq!(batch.into_records(), [record! {"c" => 3, "a" => 1}, record! {}]);
    }

    #[test]
    fn drop_fields_drops_all_or_none() {
        let mut batch = batch();
        assert!(matches!(batch.drop_fields(&["a", "x"]), Err(ShapeError::Unknown { .. })));
        assert_eq!(names(&batch), ["a", "b", "c"]);
        assert_eq!(batch.drop_fields(&["c", "a", "c"]), Ok(()));
        assert_eq!(batch.into_records(), [record! {"b" => 2}, record! {"b" => 5}]);
    }

    #[test]
    fn an_unknown_name_is_ignored_if_rows_bring_their_own_names() {
        let mut batch = batch();
        batch.open_names();
        assert_eq!(batch.rename("x", "y"), Ok(()));
        assert_eq!(batch.drop_fields(&["x", "c"]), Ok(()));
        assert_eq!(batch.select(&["b", "x"]), Ok(()));
        assert_eq!(names(&batch), ["b", "x"]);
        assert!(matches!(batch.find("y"), Err(ShapeError::Unknown { .. })), "a select declares the names");
        assert_eq!(batch.into_records(), [record! {"b" => 2}, record! {"b" => 5}]);
    }

    #[test]
    fn rename_keeps_the_position_and_refuses_a_name_in_use() {
        let mut batch = batch();
        let taken = ShapeError::Taken { from: "b".into(), to: "a".into(), row: 0 };
        assert_eq!(batch.rename("b", "a"), Err(taken));
        assert!(matches!(batch.rename("x", "y"), Err(ShapeError::Unknown { .. })));
        assert_eq!(batch.rename("b", "b"), Ok(()));
        assert_eq!(batch.rename("b", "z"), Ok(()));
        assert_eq!(names(&batch), ["a", "z", "c"]);
    }

    #[test]
    fn a_name_in_use_by_other_rows_does_not_prevent_a_rename() {
        let mut batch: Records = [record! {"a" => 1, "x" => 2}, record! {"b" => 3}].into_iter().collect();
        assert_eq!(batch.rename("b", "a"), Ok(()));
        assert_eq!(batch.into_records(), [record! {"a" => 1, "x" => 2}, record! {"a" => 3}]);
    }

    #[test]
    fn a_null_gives_way_to_the_value_of_the_other_name() {
        let rows = [("x".into(), Value::Null), (Value::Null, "y".into()), (Value::Null, Value::Null)];
        for open in [false, true] {
            let mut batch = Records::with_names(["a", "b", "c"]).unwrap();
            if open {
                batch.open_names();
            }
            batch.extend(rows.clone().map(|(a, c)| record! {"a" => a, "b" => 1, "c" => c}));
            let mut back = batch.clone();
            let expected = ["x".into(), "y".into(), Value::Null].map(|c| record! {"c" => c, "b" => 1});
            assert_eq!((batch.rename("a", "c"), batch.into_records()), (Ok(()), expected.to_vec()));
            let expected = ["x".into(), "y".into(), Value::Null].map(|a| record! {"a" => a, "b" => 1});
            assert_eq!((back.rename("c", "a"), back.into_records()), (Ok(()), expected.to_vec()));
        }
    }

    #[test]
    fn values_under_both_names_are_refused_with_their_row_and_nothing_changes() {
        let mut batch = Records::with_names(["a", "b"]).unwrap();
        batch.extend([(); 3].map(|()| record! {"a" => 1, "b" => ()}));
        batch.push(record! {"a" => 1, "b" => ""});
        batch.keep(&[0, 2, 3]);
        let before = batch.clone();
        let taken = ShapeError::Taken { from: "a".into(), to: "b".into(), row: 2 };
        assert_eq!(taken.to_string(), "field `a` can't be renamed to `b`: both have a value");
        assert_eq!(batch.rename("a", "b"), Err(taken));
        assert_eq!(batch, before);
    }

    #[test]
    fn a_name_that_no_row_has_any_more_can_be_reused() {
        let mut batch = batch();
        batch.row_mut(0).unwrap().remove("a");
        assert_eq!(batch.rename("b", "a"), Ok(()));
        assert_eq!(batch.into_records(), [record! {"a" => 2, "c" => 3}, record! {"a" => 5}]);
    }

    #[test]
    fn prune_removes_names_that_no_row_has() {
        let mut batch = batch();
        batch.row_mut(0).unwrap().remove("a");
        batch.row_mut(1).unwrap().remove("b");
        batch.prune();
        assert_eq!(names(&batch), ["b", "c"]);
        batch.keep(&[]);
        batch.prune();
        assert_eq!(names(&batch), ["b", "c"]);
    }
}

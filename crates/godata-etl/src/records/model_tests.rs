//! A batch must behave like a plain list of rows of named values.

use std::convert::Infallible;

use proptest::prelude::*;
use time::Date;

use super::cast::cast_value;
use super::*;
use crate::record;

/// Few names, so that changes often hit the same field.
const NAMES: [&str; 5] = ["a", "b", "c", "d", "e"];

/// The rows as lists of fields, and the names that the batch knows.
#[derive(Clone, Debug, Default)]
struct Model {
    names: Vec<String>,
    rows: Vec<Vec<(String, Value)>>,
    fixed_names: bool,
}

#[derive(Clone, Debug)]
enum Change {
    Push(Vec<(usize, Value)>),
    Set { row: usize, name: usize, value: Value },
    Remove { row: usize, name: usize },
    RenameRow { row: usize, from: usize, to: usize },
    Copy { row: usize, from: usize, to: usize },
    Update { row: usize, name: usize },
    Cast { row: usize, name: usize, to: Type },
    Select(Vec<usize>),
    Drop(Vec<usize>),
    Rename { from: usize, to: usize },
    Keep(u32),
    Truncate(usize),
    Prune,
    MakeSparse,
}

impl Model {
    fn get(&self, row: usize, name: &str) -> Option<&Value> {
        self.rows[row].iter().find(|(known, _)| known == name).map(|(_, value)| value)
    }

    fn set(&mut self, row: usize, name: &str, value: Value) {
        if !self.names.iter().any(|known| known == name) {
            self.names.push(name.to_owned());
        }
        match self.rows[row].iter_mut().find(|(known, _)| known == name) {
            Some(field) => field.1 = value,
            None => self.rows[row].push((name.to_owned(), value)),
        }
    }

    fn remove(&mut self, row: usize, name: &str) -> Option<Value> {
        let position = self.rows[row].iter().position(|(known, _)| known == name)?;
        Some(self.rows[row].remove(position).1)
    }

    fn position(&self, name: &str) -> Option<usize> {
        self.names.iter().position(|known| known == name)
    }

    fn rename_row(&mut self, row: usize, from: &str, to: &str) -> bool {
        if from == to || self.get(row, from).is_none() || self.has_both(row, from, to) {
            return from == to && self.get(row, from).is_some();
        }
        let mut value = self.remove(row, from).unwrap();
        if value == Value::Null {
            value = self.get(row, to).cloned().unwrap_or_default();
        }
        if self.position(to).is_none() {
            let position = self.position(from).unwrap();
            self.names.insert(position + 1, to.to_owned());
        }
        self.set(row, to, value);
        true
    }

    fn rename(&mut self, from: &str, to: &str) -> bool {
        let Some(_) = self.position(from) else { return !self.fixed_names };
        if from == to {
            return true;
        }
        if (0..self.rows.len()).any(|row| self.has_both(row, from, to)) {
            return false;
        }
        for row in 0..self.rows.len() {
            if self.get(row, from).is_some() {
                self.rename_row(row, from, to);
            }
        }
        let first = self.names.iter().position(|name| name == from || name == to).unwrap();
        self.names[first] = to.to_owned();
        let mut position = 0..;
        self.names.retain(|name| position.next() == Some(first) || (name != from && name != to));
        true
    }

    fn has_both(&self, row: usize, one: &str, other: &str) -> bool {
        let has = |name| self.get(row, name).is_some_and(|value| *value != Value::Null);
        has(one) && has(other)
    }

    fn select(&mut self, names: &[&str]) -> bool {
        let doubled = (1..names.len()).any(|i| names[..i].contains(&names[i]));
        if doubled || (self.fixed_names && names.iter().any(|name| self.position(name).is_none())) {
            return false;
        }
        self.names = names.iter().map(|&name| name.to_owned()).collect();
        self.forget_fields();
        self.fixed_names = true;
        true
    }

    fn drop_fields(&mut self, names: &[&str]) -> bool {
        if self.fixed_names && names.iter().any(|name| self.position(name).is_none()) {
            return false;
        }
        self.names.retain(|known| !names.contains(&known.as_str()));
        self.forget_fields();
        true
    }

    fn forget_fields(&mut self) {
        for row in &mut self.rows {
            row.retain(|(name, _)| self.names.contains(name));
        }
    }

    /// The rows with their fields in the order of the names.
    fn sorted(&self) -> Vec<Record> {
        let field =
            |row: &Vec<(String, Value)>, name: &String| row.iter().find(|field| field.0 == *name).cloned();
        let record = |row| self.names.iter().filter_map(|name| field(row, name)).collect();
        self.rows.iter().map(record).collect()
    }
}

/// Makes a change on both sides. Both must agree on whether it is possible.
fn apply(change: Change, batch: &mut Records, model: &mut Model) {
    let len = batch.len();
    let n = |name: usize| NAMES[name];
    let in_row = |row: usize| (len > 0).then(|| row % len);
    match change {
        Change::Push(fields) => {
            let record: Record = fields.into_iter().map(|(name, value)| (n(name), value)).collect();
            model.rows.push(Vec::new());
            record.iter().for_each(|(name, value)| model.set(len, name, value.to_owned()));
            batch.push(record);
        }
        Change::Set { row, name, value } => {
            let Some(row) = in_row(row) else { return };
            batch.row_mut(row).unwrap().set(n(name), value.clone());
            model.set(row, n(name), value);
        }
        Change::Remove { row, name } => {
            let Some(row) = in_row(row) else { return };
            assert_eq!(batch.row_mut(row).unwrap().remove(n(name)), model.remove(row, n(name)));
        }
        Change::RenameRow { row, from, to } => {
            let Some(row) = in_row(row) else { return };
            let done = batch.row_mut(row).unwrap().rename(n(from), n(to)).is_ok();
            assert_eq!(done, model.rename_row(row, n(from), n(to)));
        }
        Change::Copy { row, from, to } => {
            let Some(row) = in_row(row) else { return };
            let value = model.get(row, n(from)).cloned();
            assert_eq!(batch.row_mut(row).unwrap().copy(n(from), n(to)).is_ok(), value.is_some());
            if let Some(value) = value {
                model.set(row, n(to), value);
            }
        }
        Change::Update { row, name } => {
            let Some(row) = in_row(row) else { return };
            let value = model.get(row, n(name)).map(|value| format!("<{value}>"));
            let done = batch.row_mut(row).unwrap().update(n(name), |value| format!("<{value}>"));
            assert_eq!(done.is_ok(), value.is_some());
            if let Some(value) = value {
                model.set(row, n(name), value.into());
            }
        }
        Change::Cast { row, name, to } => {
            let Some(row) = in_row(row) else { return };
            let value = model.get(row, n(name)).and_then(|value| cast_value(value.as_ref(), to));
            assert_eq!(batch.cast_row(row, n(name), to).is_ok(), value.is_some());
            if let Some(value) = value {
                model.set(row, n(name), value);
            }
        }
        Change::Select(names) => {
            let names: Vec<_> = names.into_iter().map(n).collect();
            assert_eq!(batch.select(&names).is_ok(), model.select(&names));
        }
        Change::Drop(names) => {
            let names: Vec<_> = names.into_iter().map(n).collect();
            assert_eq!(batch.drop_fields(&names).is_ok(), model.drop_fields(&names));
        }
        Change::Rename { from, to } => {
            assert_eq!(batch.rename(n(from), n(to)).is_ok(), model.rename(n(from), n(to)));
        }
        Change::Keep(mask) => {
            let kept: Vec<u32> = (0..len as u32).filter(|i| mask >> (i % 32) & 1 == 1).collect();
            batch.keep(&kept);
            model.rows = kept.iter().map(|&i| model.rows[i as usize].clone()).collect();
        }
        Change::Truncate(rows) => {
            batch.truncate(rows);
            model.rows.truncate(rows);
        }
        Change::Prune => {
            // Which names are removed depends on earlier changes. The content of the rows must not change.
            batch.prune();
            model.names = batch.names().map(str::to_owned).collect();
        }
        Change::MakeSparse => batch.storage.make_sparse(),
    }
}

/// The cells of each row that a writer receives: position by position, and as a visitor.
fn written(batch: &Records) -> [Vec<Vec<Option<String>>>; 2] {
    let columns = 0..batch.shape().len();
    let text = |cell: Option<CellRef<'_>>| cell.map(|cell| format!("{cell:?}"));
    let each = batch.iter().map(|row| {
        let cells = columns.clone().map(|column| {
            let cell = row.cell_at(column);
            assert_eq!(
                row.text_at(column),
                if let Some(CellRef::Text(text)) = cell { Some(text) } else { None }
            );
            text(cell)
        });
        cells.collect()
    });
    let visited = batch.iter().map(|row| {
        let mut visited = Visited(vec![None; columns.end]);
        row.visit(&mut visited).unwrap();
        visited.0
    });
    [each.collect(), visited.collect()]
}

struct Visited(Vec<Option<String>>);

impl CellVisitor for Visited {
    type Error = Infallible;

    fn text(&mut self, column: usize, text: WrittenText<'_>) -> Result<(), Infallible> {
        self.cell(column, CellRef::Text(text.as_str()))
    }

    fn cell(&mut self, column: usize, cell: CellRef<'_>) -> Result<(), Infallible> {
        self.0[column] = Some(format!("{cell:?}"));
        Ok(())
    }
}

fn any_value() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (-9i64..99).prop_map(Value::from),
        (-9i64..99).prop_map(|tenths| Value::from(tenths as f64 / 2.0)),
        "-?0?[0-9]{1,2}(\\.[0-9]{1,2})?".prop_map(Value::from),
        "[a-z ]{0,3}".prop_map(Value::from),
        "200[0-3]-0[1-3]-(2[789]|30)".prop_map(Value::from),
        (-99_i128..99, 0_u8..3).prop_map(|(mantissa, scale)| Value::from(Decimal::new(mantissa, scale))),
        (0..9_000).prop_map(|day| Value::from(Date::from_julian_day(2_450_000 + day).ok())),
    ]
}

fn any_type() -> impl Strategy<Value = Type> {
    prop::sample::select(vec![
        Type::Bool,
        Type::Int,
        Type::UInt,
        Type::Float,
        Type::Text,
        Type::Timestamp,
        Type::Date,
        Type::Decimal,
    ])
}

fn any_change() -> impl Strategy<Value = Change> {
    let name = 0..NAMES.len();
    let (from, to) = (name.clone(), name.clone());
    let row = 0..20usize;
    let names = prop::collection::vec(name.clone(), 0..5);
    let push = prop::collection::vec((name.clone(), any_value()), 0..6).prop_map(Change::Push);
    let set = (row.clone(), name.clone(), any_value());
    let remove = (row.clone(), name.clone());
    let pair = (row.clone(), from.clone(), to.clone());
    prop_oneof![
        4 => push,
        3 => set.prop_map(|(row, name, value)| Change::Set { row, name, value }),
        2 => remove.clone().prop_map(|(row, name)| Change::Remove { row, name }),
        2 => pair.clone().prop_map(|(row, from, to)| Change::RenameRow { row, from, to }),
        2 => pair.prop_map(|(row, from, to)| Change::Copy { row, from, to }),
        2 => remove.prop_map(|(row, name)| Change::Update { row, name }),
        4 => (row, name, any_type()).prop_map(|(row, name, to)| Change::Cast { row, name, to }),
        1 => names.clone().prop_map(Change::Select),
        1 => names.prop_map(Change::Drop),
        1 => (from, to).prop_map(|(from, to)| Change::Rename { from, to }),
        1 => any::<u32>().prop_map(Change::Keep),
        1 => (4..20usize).prop_map(Change::Truncate),
        1 => Just(Change::Prune),
        1 => Just(Change::MakeSparse),
    ]
}

fn any_rows() -> impl Strategy<Value = Vec<Record>> {
    let fields = prop::collection::vec((prop::sample::select(NAMES.to_vec()), any_value()), 0..6);
    prop::collection::vec(fields.prop_map(Record::from), 0..8)
}

proptest! {
    #[test]
    fn a_batch_is_a_list_of_rows(
        fixed_names in any::<bool>(),
        changes in prop::collection::vec(any_change(), 0..60),
    ) {
        let mut batch = Records::with_names::<[&str; 0]>([]).unwrap();
        if !fixed_names {
            batch.open_names();
        }
        let mut model = Model { fixed_names, ..Model::default() };
        for change in changes {
            apply(change, &mut batch, &mut model);
            prop_assert_eq!(batch.names().collect::<Vec<_>>(), model.names.iter().collect::<Vec<_>>());
            let rows: Vec<_> = batch.iter().map(RecordRef::to_record).collect();
            prop_assert_eq!(&rows, &model.sorted());
            // Equal numbers are also written the same.
            prop_assert_eq!(format!("{rows:?}"), format!("{:?}", model.sorted()));
            let [each, visited] = written(&batch);
            prop_assert_eq!(visited, each);
        }
        prop_assert_eq!(batch.into_records(), model.sorted());
    }

    #[test]
    fn a_built_batch_is_the_pushed_one(rows in any_rows()) {
        let mut builder = RecordsBuilder::default();
        let mut batch = Records::new();
        for record in rows {
            builder.begin_row();
            for (name, value) in record.iter() {
                match value {
                    ValueRef::Text(text) => builder.seek(name).push_text(text),
                    ValueRef::Number(number) => builder.seek(name).push_number(&number.to_string()),
                    other => builder.push_field(name, other),
                }
            }
            builder.end_row().unwrap();
            batch.push(record);
        }
        let built = builder.finish();
        prop_assert_eq!(built.shape(), batch.shape());
        let [each, visited] = written(&built);
        prop_assert_eq!(visited, each);
        prop_assert_eq!(built, batch);
    }
}

#[test]
fn a_row_of_a_batch_reads_like_the_record_it_was() {
    let record = record! {"a" => "1", "b" => 2.5, "c" => ()};
    let batch: Records = [record.clone()].into_iter().collect();
    assert_eq!(batch.row(0), Some(record.as_ref()));
    assert_eq!(batch.iter().map(|row| row.f64("a")).collect::<Vec<_>>(), [record.f64("a")]);
}

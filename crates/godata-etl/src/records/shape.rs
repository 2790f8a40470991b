//! The names that the rows of a batch share.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use super::shape_error::ShapeError;

/// Up to this many names, a scan is faster than a hash table.
const SCAN_LIMIT: usize = 24;

/// The names of a batch's fields, in order, each of them once.
///
/// ```
/// use godata_etl::Shape;
///
/// let shape = Shape::new(["id", "amount"])?;
/// assert_eq!(shape.position("amount"), Some(1));
/// assert_eq!(shape.position("Amount"), None);
/// assert!(Shape::new(["id", "id"]).is_err());
/// # Ok::<(), godata_etl::ShapeError>(())
/// ```
#[derive(Clone, Default)]
pub struct Shape {
    names: Vec<Arc<str>>,
    /// The key of each name.
    keys: Vec<Key>,
    /// The position of each name; empty while there are few names.
    positions: HashMap<Arc<str>, usize>,
}

/// The start of a name and its length, which tell most names apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Key {
    first: u64,
    len: usize,
}

impl Key {
    /// How many bytes are in `first`.
    const FIRST: usize = 8;

    #[inline(always)]
    fn of(name: &str) -> Self {
        let bytes = name.as_bytes();
        let first = match bytes.first_chunk::<{ Self::FIRST }>() {
            Some(&first) => u64::from_le_bytes(first),
            None => bytes.iter().rev().fold(0, |first, &byte| first << 8 | u64::from(byte)),
        };
        Self { first, len: bytes.len() }
    }
}

impl Shape {
    /// The shape of these names.
    ///
    /// # Errors
    ///
    /// [`ShapeError::Duplicate`] if a name appears twice.
    pub fn new<I>(names: I) -> Result<Self, ShapeError>
    where
        I: IntoIterator<Item: Into<Arc<str>>>,
    {
        let mut shape = Self::default();
        for name in names {
            shape.push_new(name.into())?;
        }
        Ok(shape)
    }

    /// The names in order.
    #[must_use]
    pub fn names(&self) -> impl ExactSizeIterator<Item = &str> {
        self.names.iter().map(|name| &**name)
    }

    /// The name at a position, from 0, or `None` beyond the last name.
    #[must_use]
    pub fn name(&self, position: usize) -> Option<&str> {
        self.names.get(position).map(|name| &**name)
    }

    /// The position of a name. Names are case-sensitive.
    #[inline(always)]
    #[must_use]
    pub fn position(&self, name: &str) -> Option<usize> {
        if !self.positions.is_empty() {
            return self.positions.get(name).copied();
        }
        // The key of a literal name in a closure is computed at compile time.
        let key = Key::of(name);
        self.keys.iter().position(|&known| known == key).and_then(|first| match key.len {
            ..=Key::FIRST => Some(first),
            _ => self.long_position(first, key, name),
        })
    }

    /// The position of a name that is longer than its key. `first` is the first position with that key.
    fn long_position(&self, first: usize, key: Key, name: &str) -> Option<usize> {
        let is_name = |&at: &usize| self.keys[at] == key && *self.names[at] == *name;
        (first..self.names.len()).find(is_name)
    }

    /// How many names there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.names.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    /// The first name that differs from this one at most in letter case, spaces and punctuation.
    pub(super) fn similar(&self, name: &str) -> Option<&Arc<str>> {
        similar(&self.names, name)
    }

    /// The error for a name that is not among these.
    pub(super) fn unknown(&self, name: &str) -> ShapeError {
        ShapeError::Unknown { name: name.to_owned(), known: self.names.clone() }
    }

    pub(super) fn as_slice(&self) -> &[Arc<str>] {
        &self.names
    }

    /// The position of a name, which is probably `hint`.
    pub(super) fn position_from(&self, hint: usize, name: &str) -> Option<usize> {
        let hit = self.names.get(hint).is_some_and(|known| **known == *name);
        if hit { Some(hint) } else { self.position(name) }
    }

    /// Adds a name that must be new.
    pub(super) fn push_new(&mut self, name: Arc<str>) -> Result<(), ShapeError> {
        if self.position(&name).is_some() {
            return Err(ShapeError::Duplicate { name: String::from(&*name) });
        }
        self.push(name);
        Ok(())
    }

    /// Adds a name that is known to be new.
    pub(super) fn push(&mut self, name: Arc<str>) {
        if self.positions.is_empty() {
            self.names.push(name);
            self.index();
        } else {
            self.positions.insert(Arc::clone(&name), self.names.len());
            self.keys.push(Key::of(&name));
            self.names.push(name);
        }
    }

    /// Inserts a name that is known to be new.
    pub(super) fn insert(&mut self, position: usize, name: Arc<str>) {
        if self.positions.is_empty() {
            self.names.insert(position, name);
            self.index();
            return;
        }
        // Many names are moved, and not hashed again.
        self.positions.values_mut().filter(|at| **at >= position).for_each(|at| *at += 1);
        self.positions.insert(Arc::clone(&name), position);
        self.keys.insert(position, Key::of(&name));
        self.names.insert(position, name);
    }

    pub(super) fn remove(&mut self, position: usize) {
        self.names.remove(position);
        self.index();
    }

    /// Keeps these names, in this order. No position may occur twice.
    pub(super) fn select(&mut self, kept: &[usize]) {
        self.names = kept.iter().filter_map(|&position| self.names.get(position).cloned()).collect();
        self.index();
    }

    pub(super) fn truncate(&mut self, len: usize) {
        self.names.truncate(len);
        self.index();
    }

    /// Replaces a name with one that is known to be new.
    pub(super) fn replace(&mut self, position: usize, name: Arc<str>) {
        self.names[position] = name;
        self.index();
    }

    fn index(&mut self) {
        self.keys.clear();
        self.keys.extend(self.names.iter().map(|name| Key::of(name)));
        self.positions.clear();
        if self.names.len() > SCAN_LIMIT {
            let names = self.names.iter().enumerate();
            self.positions.extend(names.map(|(position, name)| (Arc::clone(name), position)));
        }
    }
}

/// The first of these names that differs from a name at most in letter case, spaces and punctuation.
pub(super) fn similar<'a>(known: &'a [Arc<str>], name: &str) -> Option<&'a Arc<str>> {
    let has_letters = letters(name).next().is_some();
    known.iter().find(|known| letters(known).eq(letters(name))).filter(|_| has_letters)
}

/// The letters and digits of a name, in lower case.
fn letters(name: &str) -> impl Iterator<Item = char> {
    name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase)
}

impl PartialEq for Shape {
    fn eq(&self, other: &Self) -> bool {
        self.names == other.names
    }
}

impl Eq for Shape {}

impl fmt::Debug for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(&self.names).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(shape: &Shape) {
        for (position, name) in shape.names().enumerate() {
            assert_eq!(shape.position(name), Some(position));
        }
        assert_eq!(shape.position("absent"), None);
    }

    #[test]
    fn few_and_many_names_are_found() -> Result<(), ShapeError> {
        for len in [0, 1, SCAN_LIMIT, SCAN_LIMIT + 1, 200] {
            check(&Shape::new((0..len).map(|i| format!("n{i}")))?);
        }
        Ok(())
    }

    #[test]
    fn names_are_found_after_each_change() -> Result<(), ShapeError> {
        let mut shape = Shape::new((0..40).map(|i| format!("n{i}")))?;
        shape.insert(3, "new".into());
        check(&shape);
        shape.replace(4, "other".into());
        check(&shape);
        shape.remove(0);
        check(&shape);
        shape.push("last".into());
        check(&shape);
        shape.truncate(5);
        check(&shape);
        assert_eq!(shape.position("last"), None);
        Ok(())
    }

    #[test]
    fn a_similar_name_differs_in_case_spaces_and_punctuation() -> Result<(), ShapeError> {
        let shape = Shape::new(["id", "Order Status", "STRASSE", "\u{feff}key", "%", ""])?;
        let similar = |name| shape.similar(name).map(|known| &**known);
        for (name, known) in [
            ("ID", Some("id")),
            ("order_status", Some("Order Status")),
            ("orderStatus", Some("Order Status")),
            ("key", Some("\u{feff}key")),
            ("ids", None),
            ("statuS", None),
            ("#", None),
            ("", None),
        ] {
            assert_eq!(similar(name), known, "{name}");
        }
        Ok(())
    }

    #[test]
    fn a_duplicate_is_refused_below_and_above_the_scan_limit() {
        for len in [2, 40] {
            let names = (0..len).map(|i| format!("n{i}")).chain(["n1".into()]);
            assert_eq!(Shape::new(names), Err(ShapeError::Duplicate { name: "n1".into() }));
        }
    }
}

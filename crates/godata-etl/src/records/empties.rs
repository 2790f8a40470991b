//! In which rows an empty text stands for no value.

/// The stored rows in which an empty text stands for no value, because their format has no null.
#[derive(Clone, Debug, Default)]
pub(super) enum Empties {
    /// None of them.
    #[default]
    Texts,
    /// All of them, and those that are added later.
    Nones,
    /// The rows with `true`. Those beyond the end have none.
    Each(Vec<bool>),
}

impl Empties {
    /// The same for all rows.
    pub(super) fn all(is_none: bool) -> Self {
        if is_none { Self::Nones } else { Self::Texts }
    }

    /// One for each row.
    pub(super) fn each(are_none: Vec<bool>) -> Self {
        let first = are_none.first().copied().unwrap_or(false);
        if are_none.iter().all(|&is_none| is_none == first) { Self::all(first) } else { Self::Each(are_none) }
    }

    /// Whether an empty text in this row stands for no value.
    #[inline]
    pub(super) fn is_none(&self, row: usize) -> bool {
        match self {
            Self::Texts => false,
            Self::Nones => true,
            Self::Each(are_none) => are_none.get(row).copied().unwrap_or(false),
        }
    }

    /// What it is for a batch without rows.
    pub(super) fn without_rows(&self) -> Self {
        Self::all(matches!(self, Self::Nones))
    }

    /// Adds a row, after `row` others.
    pub(super) fn add(&mut self, row: usize, is_none: bool) {
        if is_none && matches!(self, Self::Texts) {
            *self = Self::Each(Vec::new());
        }
        if let Self::Each(are_none) = self {
            are_none.resize(row, false);
            are_none.push(is_none);
        }
    }

    /// Makes an empty text in this one of `height` rows a text.
    pub(super) fn clear(&mut self, row: usize, height: usize) {
        if matches!(self, Self::Nones) {
            *self = Self::Each(vec![true; height]);
        }
        if let Self::Each(are_none) = self
            && let Some(is_none) = are_none.get_mut(row)
        {
            *is_none = false;
        }
    }

    /// What it is for these rows, in place of all.
    pub(super) fn gather(&mut self, rows: &[u32]) {
        if let Self::Each(_) = self {
            *self = Self::each(rows.iter().map(|&row| self.is_none(row as usize)).collect());
        }
    }
}

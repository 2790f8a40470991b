//! Suggestions for mistyped names.

/// The candidate with the fewest edits, unless even that one differs in more than a third of the name.
pub(crate) fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let name = name.to_lowercase();
    let length = name.chars().count();
    let limit = length.div_ceil(3);
    candidates
        .into_iter()
        // Each extra or missing character is an edit, so a very long name is not compared at all.
        .filter(|candidate| candidate.chars().count().abs_diff(length) <= limit)
        .map(|candidate| (edits(&name, &candidate.to_lowercase()), candidate))
        .filter(|(edits, _)| *edits <= limit)
        .min()
        .map(|(_, candidate)| candidate)
}

/// The Levenshtein distance: the number of characters to insert, remove or replace.
fn edits(from: &str, to: &str) -> usize {
    let to: Vec<char> = to.chars().collect();
    // The distances of the part of `from` seen so far to each prefix of `to`.
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (removed, a) in (1..).zip(from.chars()) {
        let mut diagonal = removed - 1;
        let mut left = removed;
        let (first, others) = row.split_at_mut(1);
        first.fill(removed);
        for (cell, b) in others.iter_mut().zip(&to) {
            let replaced = diagonal + usize::from(a != *b);
            diagonal = *cell;
            left = replaced.min(diagonal + 1).min(left + 1);
            *cell = left;
        }
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edits_are_counted() {
        for (from, to, count) in
            [("", "abc", 3), ("abc", "", 3), ("kitten", "sitting", 3), ("same", "same", 0), ("ab", "ba", 2)]
        {
            assert_eq!(edits(from, to), count, "{from} {to}");
            assert_eq!(edits(to, from), count, "{to} {from}");
        }
    }

    #[test]
    fn a_similar_name_is_suggested_and_a_distant_one_is_not() {
        let names = ["Europe/Berlin", "Europe/Dublin", "America/New_York"];
        for (name, meant) in [
            ("Europe/Berln", Some("Europe/Berlin")),
            ("europe/dublin", Some("Europe/Dublin")),
            ("America/NewYork", Some("America/New_York")),
            ("Mars", None),
            ("", None),
        ] {
            assert_eq!(nearest(name, names), meant, "{name}");
        }
    }
}

//! What somebody who mistyped a name probably meant.

/// The candidate that needs the fewest edits, unless even that differs in more than a third of the name.
pub(crate) fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let name = name.to_lowercase();
    let length = name.chars().count();
    let limit = length.div_ceil(3);
    candidates
        .into_iter()
        // Each character more or less is an edit, so a name without end is not compared at all.
        .filter(|candidate| candidate.chars().count().abs_diff(length) <= limit)
        .map(|candidate| (edits(&name, &candidate.to_lowercase()), candidate))
        .filter(|(edits, _)| *edits <= limit)
        .min()
        .map(|(_, candidate)| candidate)
}

/// The Levenshtein distance: how many characters are to be inserted, removed or replaced.
fn edits(from: &str, to: &str) -> usize {
    let to: Vec<char> = to.chars().collect();
    // The distances of what was seen of `from` to each beginning of `to`.
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
    fn the_nearest_name_is_meant_and_a_distant_one_is_not() {
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

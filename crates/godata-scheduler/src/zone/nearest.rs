//! Suggestions for mistyped names.

use super::links;

/// The name that was surely meant: the only zone with this city, or the only one whose name differs in a letter, or in two if
/// it is long. `None` if there is no such name, or several.
pub(crate) fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let candidates: Vec<_> = candidates.into_iter().collect();
    let is_current = |candidate: &&&str| links::of(candidate).is_none();
    let same_city = candidates.iter().filter(is_current).filter(|candidate| has_city(candidate, name));
    let typed = typed(name, &candidates);
    only(same_city.copied()).or_else(|| only(typed))
}

/// The part after the last slash.
fn city(name: &str) -> &str {
    name.rsplit('/').next().unwrap_or(name)
}

/// Whether a candidate is in a region and has the city of a name.
fn has_city(candidate: &str, name: &str) -> bool {
    candidate.contains('/') && city(candidate).eq_ignore_ascii_case(city(name))
}

/// The candidates with the fewest edits, if these are few.
fn typed<'a>(name: &str, candidates: &[&'a str]) -> Vec<&'a str> {
    let most = match city(name).chars().count() {
        // Short names differ in a letter and are far apart: `EST` and `PST`, `Africa/Lome` and `Europe/Rome`.
        0..=4 if !name.contains('/') => return Vec::new(),
        0..=7 => 1,
        _ => 2,
    };
    let lower: Vec<char> = name.to_lowercase().chars().collect();
    let near = |candidate: &&'a str| {
        // Each extra or missing character is an edit, so a very long name is not compared at all.
        let is_near = candidate.chars().count().abs_diff(lower.len()) <= most;
        let edits = is_near.then(|| edits(&lower, &candidate.to_lowercase()))?;
        (edits <= most).then_some((edits, *candidate))
    };
    // Another number is not a typo: `Etc/GMT+15` is not `Etc/GMT+1`.
    let has_number = |candidate: &&&str| candidate.contains(|c: char| c.is_ascii_digit());
    let near: Vec<_> =
        candidates.iter().filter(|candidate| !has_number(candidate)).filter_map(near).collect();
    let fewest = near.iter().map(|(edits, _)| *edits).min();
    near.into_iter().filter(|(edits, _)| Some(*edits) == fewest).map(|(_, candidate)| candidate).collect()
}

/// The only zone among some names. Old names of it do not count if the current one is there.
fn only<'a>(names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let mut names: Vec<_> = names.into_iter().collect();
    names.sort_by_key(|name| links::of(name).is_some());
    let first = *names.first()?;
    names.iter().all(|name| links::current(name) == links::current(first)).then_some(first)
}

/// The number of characters to insert, remove, replace, or swap with their neighbor.
fn edits(from: &[char], to: &str) -> usize {
    let to: Vec<char> = to.chars().collect();
    // The distances of the part of `from` seen so far to each prefix of `to`, and those of the parts before.
    let mut row: Vec<usize> = (0..=to.len()).collect();
    let mut before = row.clone();
    for (removed, a) in (1..).zip(from) {
        let mut next = vec![removed];
        for (index, b) in to.iter().enumerate() {
            let replaced = row[index] + usize::from(a != b);
            let mut fewest = replaced.min(row[index + 1] + 1).min(next[index] + 1);
            let swapped = removed > 1 && index > 0 && from[removed - 2] == *b && to[index - 1] == *a;
            if swapped {
                fewest = fewest.min(before[index - 1] + 1);
            }
            next.push(fewest);
        }
        before = std::mem::replace(&mut row, next);
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edits_are_counted() {
        for (from, to, count) in [
            ("", "abc", 3),
            ("abc", "", 3),
            ("kitten", "sitting", 3),
            ("same", "same", 0),
            ("ab", "ba", 1),
            ("abcd", "acbd", 1),
            ("ca", "abc", 3),
        ] {
            let edits = |from: &str, to| edits(&from.chars().collect::<Vec<_>>(), to);
            assert_eq!(edits(from, to), count, "{from} {to}");
            assert_eq!(edits(to, from), count, "{to} {from}");
        }
    }

    #[test]
    fn only_a_name_that_is_surely_meant_is_suggested() {
        let names = [
            "Africa/Lome",
            "America/Argentina/Buenos_Aires",
            "America/Boise",
            "America/Menominee",
            "America/New_York",
            "Asia/Almaty",
            "Asia/Dili",
            "Asia/Dubai",
            "Asia/Kolkata",
            "Asia/Tehran",
            "Canada/Eastern",
            "EST",
            "Etc/GMT+1",
            "Etc/GMT+2",
            "Europe/Berlin",
            "Europe/Dublin",
            "Europe/Kiev",
            "Europe/Kirov",
            "Europe/Kyiv",
            "Europe/Rome",
            "Europe/Zurich",
            "MST",
            "Pacific/Pago_Pago",
            "US/Eastern",
            "UTC",
        ];
        for (name, meant) in [
            ("Europe/Berln", Some("Europe/Berlin")),
            ("europe/dublin", Some("Europe/Dublin")),
            ("America/NewYork", Some("America/New_York")),
            ("Europe_Berlin", Some("Europe/Berlin")),
            ("Berlin", Some("Europe/Berlin")),
            ("New_York", Some("America/New_York")),
            ("Buenos_Aires", Some("America/Argentina/Buenos_Aires")),
            ("Africa/Rome", Some("Europe/Rome")),
            ("Europe/Kyvi", Some("Europe/Kyiv")),
            ("Europe/Kiyv", Some("Europe/Kyiv")),
            ("Europe/Rom", Some("Europe/Rome")),
            ("Mars", None),
            ("", None),
            ("PST", None),
            ("Asia/Delhi", None),
            ("Asia/Mumbai", None),
            ("Europe/Munich", None),
            ("America/Boston", None),
            ("America/Buenos", None),
            ("Asia/Tel_Aviv", None),
            ("Eastern", None),
            ("Etc/GMT+15", None),
        ] {
            assert_eq!(nearest(name, names), meant, "{name}");
        }
    }
}

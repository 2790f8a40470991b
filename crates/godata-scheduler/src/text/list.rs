//! Lists, for machines and for people.

use crate::AnySchedule;

/// The items of `a,b,c`. There is always at least one, which may be empty.
pub(crate) fn list_items(text: &str) -> impl Iterator<Item = &str> {
    text.split(',')
}

/// The texts of some schedules, the same for any order and number of equal ones.
pub(crate) fn canonical_list(schedules: &[AnySchedule]) -> Vec<String> {
    let mut texts: Vec<_> = schedules.iter().map(AnySchedule::to_string).collect();
    texts.sort_unstable();
    texts.dedup();
    texts
}

/// `a`, `a and b`, `a, b and c`.
pub(crate) fn listed(items: impl IntoIterator<Item = String>) -> String {
    let mut items: Vec<String> = items.into_iter().collect();
    match items.pop() {
        Some(last) if !items.is_empty() => format!("{} and {last}", items.join(", ")),
        last => last.unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_item_is_joined_with_and() {
        for (items, text) in
            [(&[][..], ""), (&["a"], "a"), (&["a", "b"], "a and b"), (&["a", "b", "c"], "a, b and c")]
        {
            assert_eq!(listed(items.iter().map(|item| (*item).to_owned())), text);
        }
    }
}

//! Bools by words.

use std::fmt;

use godata_core::{excerpt, excerpt_list};

/// The words for true and for false.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Words {
    yes: Vec<String>,
    no: Vec<String>,
}

impl Words {
    pub(super) fn new(yes: impl Iterator<Item = String>, no: impl Iterator<Item = String>) -> Self {
        Self { yes: yes.collect(), no: no.collect() }
    }

    pub(super) fn read(&self, text: &str) -> Option<bool> {
        let has = |words: &[String]| words.iter().any(|word| is_same(word, text));
        if has(&self.yes) {
            return Some(true);
        }
        has(&self.no).then_some(false)
    }

    pub(super) fn expected(&self) -> String {
        format!("one of {}", excerpt_list(self.yes.iter().chain(&self.no)))
    }

    pub(super) fn mistake(&self) -> Option<String> {
        if self.yes.is_empty() || self.no.is_empty() {
            return Some("a cast to bool needs words for true and for false".to_owned());
        }
        let both = self.yes.iter().find(|yes| self.no.iter().any(|no| is_same(yes, no)))?;
        Some(format!("the word `{}` is both true and false", excerpt(both)))
    }
}

/// Whether two words differ at most in letter case.
fn is_same(a: &str, b: &str) -> bool {
    let lower = |text| str::chars(text).flat_map(char::to_lowercase);
    a == b || lower(a).eq(lower(b))
}

impl fmt::Display for Words {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Cast::bool({:?}, {:?})", self.yes, self.no)
    }
}

//! What all errors have in common: how they are boxed, and how their chain of causes is printed.

use std::any::Any;
use std::error::Error;
use std::fmt;
use std::fmt::Write as _;

/// Any error that can cross threads.
pub type BoxError = Box<dyn Error + Send + Sync + 'static>;

/// An error and all its sources, to be printed on one line.
///
/// The parts are joined by `": "`. A source whose text already ends what was printed is left out, so an error that
/// repeats its cause in its own message does not print it twice.
///
/// # Example
///
/// ```
/// use godata_core::{Params, error_chain};
///
/// let params = Params::new().with("limit", "ten");
/// let error = params.parse::<u32>("limit").unwrap_err();
/// assert_eq!(error.to_string(), r#"parameter "limit" has the invalid value "ten""#);
/// assert_eq!(
///     error_chain(&error).to_string(),
///     r#"parameter "limit" has the invalid value "ten": invalid digit found in string"#
/// );
/// ```
#[must_use]
pub fn error_chain<'a>(error: &'a (dyn Error + 'a)) -> ErrorChain<'a> {
    ErrorChain { error }
}

/// Implements `Debug` for error types so that it prints the error and all its sources on one line.
///
/// `fn main() -> Result<(), BoxError>` prints the `Debug` form of the error that it returns. A derived `Debug` would
/// show field names there instead of the message.
///
/// ```
/// use godata_core::debug_as_chain;
///
/// #[derive(thiserror::Error)]
/// #[error("can't read the settings")]
/// struct SettingsError(#[source] std::num::ParseIntError);
///
/// debug_as_chain!(SettingsError);
///
/// let error = SettingsError("x".parse::<u8>().unwrap_err());
/// assert_eq!(format!("{error:?}"), "can't read the settings: invalid digit found in string");
/// ```
#[macro_export]
macro_rules! debug_as_chain {
    ($($error:ty),+ $(,)?) => {$(
        impl ::std::fmt::Debug for $error {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                ::std::fmt::Display::fmt(&$crate::error_chain(self), f)
            }
        }
    )+};
}

/// The message of a panic, from the payload that [`catch_unwind`](std::panic::catch_unwind) returns.
///
/// ```
/// use godata_core::panic_message;
///
/// let panic = std::panic::catch_unwind(|| panic!("no row {}", 7)).unwrap_err();
/// assert_eq!(panic_message(&*panic), "no row 7");
/// ```
#[must_use]
pub fn panic_message(payload: &(dyn Any + Send)) -> &str {
    let text = payload.downcast_ref::<&'static str>().copied();
    text.or_else(|| payload.downcast_ref::<String>().map(String::as_str)).unwrap_or("no message")
}

/// Displays an error with its sources; made by [`error_chain`].
#[derive(Clone, Copy, Debug)]
pub struct ErrorChain<'a> {
    error: &'a (dyn Error + 'a),
}

impl fmt::Display for ErrorChain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut line = String::new();
        write!(line, "{}", self.error)?;
        let mut next = self.error.source();
        while let Some(error) = next {
            let mut text = String::new();
            write!(text, "{error}")?;
            if !ends_with_phrase(&line, &text) {
                if !line.is_empty() {
                    line.push_str(": ");
                }
                line.push_str(&text);
            }
            next = error.source();
        }
        f.write_str(&line)
    }
}

/// Whether `line` ends with `phrase` as a whole: "line 12" does not end with "2".
fn ends_with_phrase(line: &str, phrase: &str) -> bool {
    line.strip_suffix(phrase)
        .is_some_and(|before| phrase.is_empty() || !before.ends_with(char::is_alphanumeric))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One level of a chain: its text and what is below it.
    #[derive(Debug)]
    struct Level(&'static str, Option<Box<Self>>);

    impl fmt::Display for Level {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str(self.0)
        }
    }

    impl Error for Level {
        fn source(&self) -> Option<&(dyn Error + 'static)> {
            self.1.as_deref().map(|below| below as _)
        }
    }

    #[track_caller]
    fn check(texts: &[&'static str], expected: &str) {
        let chain = texts.iter().rev().fold(None, |below, text| Some(Box::new(Level(text, below))));
        assert_eq!(error_chain(&*chain.unwrap()).to_string(), expected);
    }

    #[test]
    fn sources_are_joined_outermost_first() {
        check(&["read failed"], "read failed");
        check(&["read failed", "cannot open", "no such file"], "read failed: cannot open: no such file");
    }

    #[test]
    fn a_source_that_was_already_printed_is_left_out() {
        check(&["cannot open: no such file", "no such file"], "cannot open: no such file");
        check(&["a: b: c", "b: c", "c", "d"], "a: b: c: d");
        check(&["timeout", "timeout"], "timeout");
    }

    #[test]
    fn a_source_that_only_looks_like_the_tail_is_printed() {
        check(&["bad value on line 12", "2"], "bad value on line 12: 2");
        check(&["no such file", "cannot open"], "no such file: cannot open");
        check(&["a: b", "a"], "a: b: a");
    }

    #[test]
    fn an_empty_text_leaves_no_separator() {
        check(&["", "cannot open"], "cannot open");
        check(&["read failed", "", "cannot open"], "read failed: cannot open");
    }
}

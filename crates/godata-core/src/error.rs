//! What all errors share: how they are boxed, and how their chain of causes is printed.

use std::any::Any;
use std::error::Error;
use std::fmt;
use std::fmt::Write as _;
use std::io;
use std::iter;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use crate::{Canceled, Permanent, Transient, excerpt_within};

/// Any error that can be sent to another thread.
pub type BoxError = Box<dyn Error + Send + Sync + 'static>;

/// How many levels of a chain are read. A chain of causes has a handful; an error that is its own source has no end.
const MAX_LEVELS: usize = 64;

/// How many characters of one message of a chain are printed. Our own messages are shorter.
const MESSAGE: usize = 2_000;

/// After how many bytes of a line no further level is printed.
const LINE: usize = 16 * 1024;

/// Displays an error and all its sources on one line.
///
/// The messages are joined by `": "`. A source is left out if the line already ends with its message, so an error that
/// repeats its cause in its own message does not print it twice.
///
/// The line is safe for a terminal or a log, whatever the errors contain. Characters are escaped as by
/// [`excerpt`](crate::excerpt()), and each message is cut after 2,000 characters. At most 64 levels are printed, and none
/// after 16 KiB; `…` stands for the rest.
///
/// # Example
///
/// ```
/// use godata_core::{Params, error_chain};
///
/// let params = Params::new().with("limit", "ten");
/// let error = params.parse::<u32>("limit").unwrap_err();
/// assert_eq!(error.to_string(), "parameter `limit` has the invalid value `ten`");
/// assert_eq!(
///     error_chain(&error).to_string(),
///     "parameter `limit` has the invalid value `ten`: invalid digit found in string"
/// );
/// ```
#[must_use]
pub fn error_chain<'a>(error: &'a (dyn Error + 'a)) -> ErrorChain<'a> {
    ErrorChain { error }
}

/// An error and what is below it, outermost first. It ends after [`MAX_LEVELS`] levels.
fn levels<'a, E: Copy + 'a>(outermost: E, source: fn(E) -> Option<E>) -> impl Iterator<Item = E> {
    iter::successors(Some(outermost), move |level| source(*level)).take(MAX_LEVELS)
}

/// Iterates over an error and its causes, outermost first, to look for one of a certain type.
///
/// It also finds errors that `source` skips: an error that an [`io::Error`] or an `Arc<dyn Error + Send + Sync>` wraps, and an
/// `io::Error`, [`Canceled`], [`Permanent`] or [`Transient`] in a `Box` or an `Arc`. At most 64 levels are visited, so it ends
/// even if an error is its own source.
///
/// ```
/// use std::io;
///
/// use godata_core::{Permanent, error_levels};
///
/// let error = io::Error::other(Permanent::new("no such column"));
/// assert!(error_levels(&error).any(|level| level.is::<Permanent>()));
/// ```
pub fn error_levels<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    levels(error, cause)
}

/// The next error of the chain. The `source` of a wrapper such as [`io::Error`] or [`Arc`] is the source of the error that it
/// wraps, which would skip the wrapped error itself.
fn cause<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a (dyn Error + 'static)> {
    wrapped_by_io(error)
        .or_else(|| error.downcast_ref::<Arc<dyn Error + Send + Sync>>().map(|inner| &**inner as _))
        .or_else(|| boxed_or_shared::<io::Error>(error))
        .or_else(|| boxed_or_shared::<Canceled>(error))
        .or_else(|| boxed_or_shared::<Permanent>(error))
        .or_else(|| boxed_or_shared::<Transient>(error))
        .or_else(|| error.source())
}

fn wrapped_by_io<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a (dyn Error + 'static)> {
    error.downcast_ref::<io::Error>()?.get_ref().map(|inner| inner as _)
}

fn boxed_or_shared<'a, E: Error + 'static>(
    error: &'a (dyn Error + 'static),
) -> Option<&'a (dyn Error + 'static)> {
    let shared = || error.downcast_ref::<Arc<E>>().map(|inner| &**inner as _);
    error.downcast_ref::<Box<E>>().map(|inner| &**inner as _).or_else(shared)
}

/// Implements `Debug` for error types so that it prints the error and all its sources on one line.
///
/// `fn main() -> Result<(), BoxError>` prints the `Debug` form of the error that it returns. A derived `Debug` would
/// print field names there instead of the message.
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

/// Returns the message of a panic, given the payload that [`catch_unwind`](std::panic::catch_unwind) returns.
///
/// A payload that is not text has the message `no message`. A panic of the payload's own `Drop` is contained.
///
/// ```
/// use godata_core::panic_message;
///
/// let panic = std::panic::catch_unwind(|| panic!("no row {}", 7)).unwrap_err();
/// assert_eq!(panic_message(panic), "no row 7");
/// ```
#[must_use]
pub fn panic_message(payload: Box<dyn Any + Send>) -> String {
    let text = payload.downcast_ref::<&'static str>().copied();
    let text = text.or_else(|| payload.downcast_ref::<String>().map(String::as_str));
    let message = text.unwrap_or("no message").to_owned();
    if let Err(panic) = catch_unwind(AssertUnwindSafe(|| drop(payload))) {
        // The `Drop` of this payload may panic as well, so it never runs.
        Box::leak(panic);
    }
    message
}

/// Displays an error with its sources; made by [`error_chain`].
#[derive(Clone, Copy, Debug)]
pub struct ErrorChain<'a> {
    error: &'a (dyn Error + 'a),
}

impl fmt::Display for ErrorChain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&chain_parts(self.error)?.join(": "))
    }
}

/// The parts of the line that [`error_chain`] displays, outermost first.
pub(crate) fn chain_parts<'a>(error: &'a (dyn Error + 'a)) -> Result<Vec<String>, fmt::Error> {
    let (mut parts, mut line, mut innermost) = (Vec::new(), String::new(), error);
    for error in levels(error, |error| error.source().map(|source| source as _)) {
        if line.len() > LINE {
            break;
        }
        innermost = error;
        let mut message = String::new();
        write!(message, "{error}")?;
        let message = excerpt_within(&message, MESSAGE);
        if push_part(&mut line, &message) {
            parts.push(message);
        }
    }
    if innermost.source().is_some() {
        parts.push("…".to_owned());
    }
    Ok(parts)
}

/// Adds a message to the line of a chain. Returns `false` if the line already ends with it.
pub(crate) fn push_part(line: &mut String, message: &str) -> bool {
    let is_new = !ends_with_phrase(line, message);
    if is_new {
        if !line.is_empty() {
            line.push_str(": ");
        }
        line.push_str(message);
    }
    is_new
}

/// Whether `line` ends with `phrase` as a whole: "line 12" does not end with "2".
fn ends_with_phrase(line: &str, phrase: &str) -> bool {
    line.strip_suffix(phrase)
        .is_some_and(|before| phrase.is_empty() || !before.ends_with(char::is_alphanumeric))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One level of a chain: its message and its source.
    #[derive(Debug)]
    struct Level(&'static str, Option<Box<Self>>);

    impl fmt::Display for Level {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str(self.0)
        }
    }

    impl Error for Level {
        fn source(&self) -> Option<&(dyn Error + 'static)> {
            self.1.as_deref().map(|source| source as _)
        }
    }

    fn chain(messages: &[&'static str]) -> Level {
        let chain =
            messages.iter().rev().fold(None, |source, message| Some(Box::new(Level(message, source))));
        *chain.unwrap()
    }

    #[track_caller]
    fn check(messages: &[&'static str], expected: &str) {
        assert_eq!(error_chain(&chain(messages)).to_string(), expected);
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
    fn a_source_that_only_looks_like_the_end_of_the_line_is_printed() {
        check(&["bad value on line 12", "2"], "bad value on line 12: 2");
        check(&["no such file", "cannot open"], "no such file: cannot open");
        check(&["a: b", "a"], "a: b: a");
    }

    #[test]
    fn an_empty_message_leaves_no_separator() {
        check(&["", "cannot open"], "cannot open");
        check(&["read failed", "", "cannot open"], "read failed: cannot open");
    }

    #[test]
    fn a_long_chain_is_cut_after_64_levels() {
        let messages = ["a", "b"].repeat(33);
        check(&messages[..64], &messages[..64].join(": "));
        check(&messages[..65], &format!("{}: …", messages[..64].join(": ")));
    }

    #[test]
    fn a_chain_is_one_bounded_line_whatever_its_messages_are() {
        check(&["a\nb", "\u{1b}[2J\u{202e}"], r"a\nb: \u{1b}[2J\u{202e}");
        let long: &str = "x".repeat(1 << 20).leak();
        check(&[long, "cause"], &format!("{}…: cause", &long[..MESSAGE]));
        let levels = error_chain(&chain(&[long, "cause"].repeat(30))).to_string();
        assert!(levels.len() < LINE + 2 * MESSAGE && levels.ends_with("…: …"), "{}", levels.len());
    }

    #[test]
    fn an_error_that_is_its_own_source_ends() {
        #[derive(Debug)]
        struct Endless;

        impl fmt::Display for Endless {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("endless")
            }
        }

        impl Error for Endless {
            fn source(&self) -> Option<&(dyn Error + 'static)> {
                Some(self)
            }
        }

        assert_eq!(error_chain(&Endless).to_string(), "endless: …");
        assert_eq!(error_levels(&Endless).count(), MAX_LEVELS);
    }

    #[test]
    fn a_panic_in_the_drop_of_a_payload_is_contained() {
        struct PanicsWhenDropped;

        impl Drop for PanicsWhenDropped {
            fn drop(&mut self) {
                panic!("in drop");
            }
        }

        assert_eq!(panic_message(Box::new(PanicsWhenDropped)), "no message");
    }
}

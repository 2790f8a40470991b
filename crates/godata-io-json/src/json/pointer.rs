//! JSON pointers.

use crate::JsonError;

/// A JSON pointer (RFC 6901): the names and indices on the way to a value, outermost first.
#[derive(Clone, Debug, Default)]
pub(super) struct Pointer {
    tokens: Vec<String>,
}

impl Pointer {
    pub(super) fn parse(text: &str) -> Result<Self, JsonError> {
        let refused = |reason| JsonError::Pointer { pointer: text.to_owned(), reason };
        let tokens = match text.strip_prefix('/') {
            None if text.is_empty() => Vec::new(),
            None => return Err(refused("it does not begin with `/`")),
            Some(tokens) => tokens
                .split('/')
                .map(unescape)
                .collect::<Option<_>>()
                .ok_or_else(|| refused("`~` must be followed by `0` (for `~`) or `1` (for `/`)"))?,
        };
        Ok(Self { tokens })
    }

    pub(super) fn len(&self) -> usize {
        self.tokens.len()
    }

    /// Whether this key is on the way, in an object at this depth.
    pub(super) fn is_key(&self, depth: usize, key: &str) -> bool {
        self.tokens.get(depth).is_some_and(|token| token == key)
    }

    /// Whether this element is on the way, in an array at this depth. Elements count from 0.
    pub(super) fn is_index(&self, depth: usize, index: usize) -> bool {
        self.tokens.get(depth).is_some_and(|token| *token == index.to_string())
    }

    /// The name or index at this depth.
    pub(super) fn token(&self, depth: usize) -> &str {
        self.tokens.get(depth).map_or("", String::as_str)
    }

    /// The pointer to the value at this depth.
    pub(super) fn to(&self, depth: usize) -> String {
        let escaped = |token: &String| format!("/{}", token.replace('~', "~0").replace('/', "~1"));
        self.tokens.iter().take(depth).map(escaped).collect()
    }
}

fn unescape(token: &str) -> Option<String> {
    let mut parts = token.split('~');
    let mut text = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (escape, rest) = part.split_at_checked(1)?;
        text.push(match escape {
            "0" => '~',
            "1" => '/',
            _ => return None,
        });
        text.push_str(rest);
    }
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pointers_are_parsed_as_in_rfc_6901() {
        let tokens = |text: &str| Pointer::parse(text).unwrap().tokens;
        assert!(tokens("").is_empty());
        assert_eq!(tokens("/"), [""]);
        assert_eq!(tokens("/data/0/a~1b/m~0n/~01"), ["data", "0", "a/b", "m~n", "~1"]);
        assert_eq!(Pointer::parse("/a~1b/~01/c").unwrap().to(2), "/a~1b/~01");
    }

    #[test]
    fn other_texts_are_refused() {
        for (text, message) in [
            ("data", "`data` is not a JSON pointer: it does not begin with `/`"),
            ("/a~", "`/a~` is not a JSON pointer: `~` must be followed by `0` (for `~`) or `1` (for `/`)"),
            ("/~2", "`/~2` is not a JSON pointer: `~` must be followed by `0` (for `~`) or `1` (for `/`)"),
            ("/~é", "`/~é` is not a JSON pointer: `~` must be followed by `0` (for `~`) or `1` (for `/`)"),
        ] {
            assert_eq!(Pointer::parse(text).unwrap_err().to_string(), message);
        }
    }
}

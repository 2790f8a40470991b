//! Checks a document outside its elements, and splits the elements.

use std::sync::Arc;

use godata_io::{Ahead, Frame};
use serde::de::IgnoredAny;

use super::pointer::Pointer;
use crate::decode::{hint, lone_surrogate, reason, string_end};
use crate::options::Options;
use crate::values::{column_after, skip_space, value_end};
use crate::{DuplicateKeys, JsonError};

/// Scans a document from start to end, one piece at a time.
///
/// 1. Outside the array, each token is checked, and none is kept.
/// 2. Inside the array, elements are split without looking into them. A frame has whole elements, each with its comma if it
///    has one.
#[derive(Debug)]
pub(super) struct Scanner {
    file: Arc<str>,
    pointer: Pointer,
    options: Options,
    /// The open arrays and objects outside the elements, outermost first.
    open: Vec<Level>,
    expected: Expected,
    /// Whether the array was found.
    found: bool,
    /// The column of the next byte, from 1.
    column: u64,
    /// The column at which the last frame began, from 1.
    frame_column: u64,
}

/// An open array or object.
#[derive(Debug)]
struct Level {
    is_object: bool,
    /// Whether the pointer leads to it or through it.
    on_way: bool,
    /// Whether the pointer leads to or through the next value.
    chosen: bool,
    /// Whether the pointer led to or through an earlier value.
    passed: bool,
    /// How many elements have begun.
    elements: usize,
}

/// The next expected token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Expected {
    Value,
    /// After `[`.
    ValueOrEnd,
    Key,
    /// After `{`.
    KeyOrEnd,
    Colon,
    CommaOrEnd,
    /// An element of the array, after `[`.
    ElementOrEnd,
    /// An element of the array, after a comma.
    Element,
    ElementEnd,
    Nothing,
}

/// An error in the document, at an offset in the bytes ahead.
struct Fault {
    at: usize,
    reason: Reason,
}

enum Reason {
    Syntax(String),
    NoArray(&'static str),
    Missing(String),
    Twice(String),
    TooDeep,
}

impl Reason {
    fn at(self, at: usize) -> Fault {
        Fault { at, reason: self }
    }
}

fn syntax(at: usize, reason: &str) -> Fault {
    Reason::Syntax(reason.to_owned()).at(at)
}

impl Scanner {
    pub(super) fn new(file: Arc<str>, pointer: Pointer, options: Options) -> Self {
        Self {
            file,
            pointer,
            options,
            open: Vec::new(),
            expected: Expected::Value,
            found: false,
            column: 1,
            frame_column: 1,
        }
    }

    /// The column at which the last frame began, from 1.
    pub(super) fn frame_column(&self) -> u64 {
        self.frame_column
    }

    /// The next frame: some elements, or a piece without records.
    pub(super) fn frame(&mut self, ahead: Ahead<'_>) -> Result<Frame, JsonError> {
        let framed =
            if self.in_elements() { self.elements(ahead) } else { self.outside(ahead).map(|end| (end, 0)) };
        let (end, records) = framed.map_err(|fault| self.error(fault, ahead))?;
        let passed = &ahead.bytes[..end];
        let lines = memchr::memchr_iter(b'\n', passed).count() as u64;
        self.frame_column = self.column;
        self.column = column_after(passed, self.column);
        Ok(Frame::new(end).records(records).lines(lines))
    }

    /// Fails if the document is not complete here.
    pub(super) fn finish(&self, lines: u64) -> Result<(), JsonError> {
        let reason = match self.expected {
            Expected::Nothing => return Ok(()),
            Expected::Value if self.open.is_empty() => "EOF while parsing a value",
            _ if self.open.last().is_some_and(|level| level.is_object) => "EOF while parsing an object",
            _ => "EOF while parsing a list",
        };
        let column = self.column.saturating_sub(1).max(1);
        let is_empty = self.open.is_empty() && !self.found;
        Err(JsonError::Document {
            file: Arc::clone(&self.file),
            line: lines + 1,
            column,
            reason: reason.to_owned(),
            hint: is_empty.then_some("the file is empty"),
        })
    }

    fn in_elements(&self) -> bool {
        matches!(self.expected, Expected::ElementOrEnd | Expected::Element | Expected::ElementEnd)
    }

    /// Takes whole elements, or the bracket after the last one.
    fn elements(&mut self, ahead: Ahead<'_>) -> Result<(usize, u64), Fault> {
        let bytes = ahead.bytes;
        let (mut end, mut records) = (0, 0);
        loop {
            let at = skip_space(bytes, end);
            let Some(&byte) = bytes.get(at) else {
                // Without an element, the white space is taken on its own, so that it is not buffered.
                return Ok((if records == 0 { at } else { end }, records));
            };
            match (self.expected, byte) {
                (Expected::ElementEnd, b',') => {
                    end = at + 1;
                    self.expected = Expected::Element;
                    continue;
                }
                (Expected::ElementOrEnd | Expected::ElementEnd, b']') if records == 0 => {
                    self.open.pop();
                    self.value_ended();
                    return Ok((at + 1, 0));
                }
                (
                    Expected::ElementOrEnd | Expected::Element,
                    b'"' | b'[' | b'{' | b'-' | b'0'..=b'9' | b'a'..=b'z',
                ) => {}
                // Return the elements so far; the next call reports the error or the end.
                _ if records > 0 => return Ok((end, records)),
                (Expected::ElementEnd, _) => return Err(syntax(at, "expected `,` or `]`")),
                (Expected::Element, b']') => return Err(syntax(at, "trailing comma")),
                _ => return Err(syntax(at, "expected value")),
            }
            match value_end(bytes, at) {
                Some(value_end) => end = value_end,
                None if ahead.at_end => end = bytes.len(),
                None => return Ok((end, records)),
            }
            records += 1;
            self.expected = Expected::ElementEnd;
        }
    }

    /// Checks tokens outside the array, as long as they are complete.
    fn outside(&mut self, ahead: Ahead<'_>) -> Result<usize, Fault> {
        let bytes = ahead.bytes;
        let mut end = 0;
        loop {
            let at = skip_space(bytes, end);
            if at == bytes.len() {
                return Ok(at);
            }
            let Some(token_end) = self.token(bytes, at, ahead.at_end)? else { return Ok(end) };
            end = token_end;
            if self.in_elements() {
                return Ok(end);
            }
        }
    }

    /// Takes a token and returns its end; `None` if it is not complete.
    fn token(&mut self, bytes: &[u8], at: usize, at_end: bool) -> Result<Option<usize>, Fault> {
        let byte = bytes[at];
        match self.expected {
            Expected::KeyOrEnd | Expected::ValueOrEnd | Expected::CommaOrEnd if self.closes(byte) => {
                self.close(at)?;
                return Ok(Some(at + 1));
            }
            Expected::KeyOrEnd | Expected::Key if byte == b'"' => return self.key(bytes, at, at_end),
            Expected::Key if byte == b'}' => return Err(syntax(at, "trailing comma")),
            Expected::Key | Expected::KeyOrEnd => return Err(syntax(at, "key must be a string")),
            Expected::Colon if byte == b':' => self.expected = Expected::Value,
            Expected::Colon => return Err(syntax(at, "expected `:`")),
            Expected::CommaOrEnd if byte == b',' => {
                let in_object = self.open.last().is_some_and(|level| level.is_object);
                self.expected = if in_object { Expected::Key } else { Expected::Value };
            }
            Expected::CommaOrEnd => {
                let in_object = self.open.last().is_some_and(|level| level.is_object);
                return Err(syntax(
                    at,
                    if in_object { "expected `,` or `}`" } else { "expected `,` or `]`" },
                ));
            }
            Expected::Nothing => return Err(syntax(at, "trailing characters")),
            _ => return self.value(bytes, at, at_end),
        }
        Ok(Some(at + 1))
    }

    fn key(&mut self, bytes: &[u8], at: usize, at_end: bool) -> Result<Option<usize>, Fault> {
        let Some(end) = whole(string_end(bytes, at + 1), bytes, at_end) else { return Ok(None) };
        let key: String =
            serde_json::from_slice(&bytes[at..end]).map_err(|error| inside(at, &bytes[at..end], &error))?;
        let depth = self.open.len() - 1;
        let rule = self.options.duplicate_keys();
        if let Some(level) = self.open.last_mut() {
            level.chosen = level.on_way && self.pointer.is_key(depth, &key);
            if level.chosen && level.passed {
                if rule != DuplicateKeys::First {
                    return Err(Reason::Twice(self.pointer.to(depth + 1)).at(end - 1));
                }
                level.chosen = false;
            }
            level.passed |= level.chosen;
        }
        self.expected = Expected::Colon;
        Ok(Some(end))
    }

    fn value(&mut self, bytes: &[u8], at: usize, at_end: bool) -> Result<Option<usize>, Fault> {
        let byte = bytes[at];
        let depth = self.open.len();
        let is_bracket = matches!(byte, b'[' | b'{');
        if byte == b']' && self.open.last().is_some_and(|level| !level.is_object) {
            return Err(syntax(at, "trailing comma"));
        }
        if !is_bracket && !matches!(byte, b'"' | b'-' | b'0'..=b'9' | b'a'..=b'z') {
            return Err(syntax(at, "expected value"));
        }
        let scalar_end = if is_bracket {
            at + 1
        } else {
            let Some(end) = whole(value_end(bytes, at), bytes, at_end) else { return Ok(None) };
            check_scalar(bytes, at, end)?;
            end
        };
        if let Some(level) = self.open.last_mut().filter(|level| !level.is_object) {
            level.chosen = level.on_way && self.pointer.is_index(depth - 1, level.elements);
            level.passed |= level.chosen;
            level.elements += 1;
        }
        let on_way = !self.found && self.open.last().is_none_or(|level| level.chosen);
        if on_way && depth == self.pointer.len() && byte != b'[' {
            return Err(Reason::NoArray(kind(byte)).at(at));
        }
        if !is_bracket {
            if on_way {
                let way = self.pointer.to(depth);
                return Err(Reason::Missing(format!("`{way}` is {}", kind(byte))).at(at));
            }
            self.value_ended();
            return Ok(Some(scalar_end));
        }
        if depth >= self.options.max_depth() {
            return Err(Reason::TooDeep.at(at));
        }
        let is_object = byte == b'{';
        self.open.push(Level { is_object, on_way, chosen: false, passed: false, elements: 0 });
        self.expected = if is_object { Expected::KeyOrEnd } else { Expected::ValueOrEnd };
        if on_way && depth == self.pointer.len() {
            self.found = true;
            self.expected = Expected::ElementOrEnd;
        }
        Ok(Some(scalar_end))
    }

    fn closes(&self, byte: u8) -> bool {
        self.open.last().is_some_and(|level| byte == if level.is_object { b'}' } else { b']' })
    }

    fn close(&mut self, at: usize) -> Result<(), Fault> {
        let depth = self.open.len().saturating_sub(1);
        match self.open.pop() {
            Some(level) if level.on_way && !level.passed => {
                let (way, token) = (self.pointer.to(depth), self.pointer.token(depth));
                let place = if depth == 0 { String::new() } else { format!(" at `{way}`") };
                let why = if level.is_object {
                    format!("the object{place} has no `{token}`")
                } else {
                    let plural = if level.elements == 1 { "" } else { "s" };
                    format!("the array{place} has {} element{plural} and no `{token}`", level.elements)
                };
                Err(Reason::Missing(why).at(at))
            }
            _ => {
                self.value_ended();
                Ok(())
            }
        }
    }

    fn value_ended(&mut self) {
        self.expected = if self.open.is_empty() { Expected::Nothing } else { Expected::CommaOrEnd };
    }

    fn error(&self, Fault { at, reason }: Fault, ahead: Ahead<'_>) -> JsonError {
        let before = &ahead.bytes[..at.min(ahead.bytes.len())];
        let file = Arc::clone(&self.file);
        let line = ahead.line + memchr::memchr_iter(b'\n', before).count() as u64;
        let column = column_after(before, self.column);
        let pointer = self.pointer.to(self.pointer.len());
        match reason {
            Reason::Syntax(reason) => {
                let hint = self.hint(ahead.bytes.get(at..).unwrap_or_default(), &reason);
                JsonError::Document { file, line, column, reason, hint }
            }
            Reason::NoArray(found) => {
                let hint = if found == kind(b'{') { hint::OBJECT } else { hint::SCALAR };
                let hint = pointer.is_empty().then_some(hint);
                JsonError::NoArray { file, line, column, pointer, found, hint }
            }
            Reason::Missing(found) => JsonError::PointerMissing { file, line, pointer, found },
            Reason::Twice(pointer) => JsonError::PointerTwice { file, line, column, pointer },
            Reason::TooDeep => {
                let reason = format!("nested more than {} deep", self.options.max_depth());
                JsonError::Document { file, line, column, reason, hint: None }
            }
        }
    }

    /// What the text seems to be, given a fault at the beginning of `rest`.
    fn hint(&self, rest: &[u8], reason: &str) -> Option<&'static str> {
        let is_value =
            rest.first().is_some_and(|byte| matches!(byte, b'[' | b'{' | b'"' | b'-' | b'0'..=b'9'));
        if self.expected == Expected::Nothing && is_value {
            return Some(hint::SECOND_VALUE);
        }
        let is_start = self.expected == Expected::Value && self.open.is_empty();
        let is_word = rest.first().is_some_and(u8::is_ascii_alphabetic);
        if is_start && is_word { Some(hint::CSV) } else { hint::of_fault(rest, reason) }
    }
}

/// The end of a token. At the end of the document, an incomplete token ends there too.
fn whole(end: Option<usize>, bytes: &[u8], at_end: bool) -> Option<usize> {
    end.or(at_end.then_some(bytes.len()))
}

/// Checks a string, a number or a word.
fn check_scalar(bytes: &[u8], at: usize, end: usize) -> Result<(), Fault> {
    let token = &bytes[at..end];
    if token[0] == b'"' {
        return serde_json::from_slice::<String>(token)
            .map(|_| ())
            .map_err(|error| inside(at, token, &error));
    }
    if token[0].is_ascii_alphabetic() {
        return check_word(token).map_err(|len| syntax(at + len, "expected ident"));
    }
    let number = serde_json::from_slice::<IgnoredAny>(token);
    number.map(|_| ()).map_err(|error| syntax(at + error.column().max(1) - 1, "invalid number"))
}

/// Fails with the number of correct bytes.
fn check_word(token: &[u8]) -> Result<(), usize> {
    let Some(word) = [&b"null"[..], b"true", b"false"].into_iter().find(|word| word[0] == token[0]) else {
        return Err(0);
    };
    let same = token.iter().zip(word).take_while(|(a, b)| a == b).count();
    if token == word { Ok(()) } else { Err(same) }
}

/// An error of serde_json within a token.
fn inside(at: usize, token: &[u8], error: &serde_json::Error) -> Fault {
    let column = if error.line() > 1 { 1 } else { error.column().max(1) };
    let reason = reason(error);
    let (offset, reason) = lone_surrogate(token, column, &reason).unwrap_or((column - 1, reason));
    Reason::Syntax(reason).at(at + offset)
}

fn kind(byte: u8) -> &'static str {
    match byte {
        b'{' => "an object",
        b'[' => "an array",
        b'"' => "text",
        b't' | b'f' => "a bool",
        b'n' => "null",
        _ => "a number",
    }
}

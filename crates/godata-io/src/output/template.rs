//! The path templates of partitioned outputs.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::IoError;

/// A path with fields in it: `out/{country}/{day}.csv`.
#[derive(Clone, Debug)]
pub(crate) struct Template {
    text: Arc<str>,
    parts: Vec<Part>,
    fields: Vec<Arc<str>>,
    /// Why the text is not a template, if it is not.
    problem: Option<&'static str>,
}

#[derive(Clone, Debug)]
enum Part {
    Text(String),
    /// The next of the fields.
    Field,
}

impl Template {
    pub(super) fn new(text: String) -> Self {
        let (mut parts, mut fields) = (Vec::new(), Vec::new());
        let problem = parse(&text, &mut parts, &mut fields).err();
        Self { text: text.into(), parts, fields, problem }
    }

    /// Fails if the text is not a template.
    pub(crate) fn check(&self) -> Result<(), IoError> {
        match self.problem {
            Some(expected) => Err(IoError::Template { template: String::from(&*self.text), expected }),
            None => Ok(()),
        }
    }

    /// The fields in the template, in order. A field may appear twice.
    pub(crate) fn fields(&self) -> &[Arc<str>] {
        &self.fields
    }

    /// The template as a path. Its extension is that of all its paths.
    pub(crate) fn as_path(&self) -> &Path {
        Path::new(&*self.text)
    }

    /// The directory that contains all paths.
    pub(crate) fn folder(&self) -> PathBuf {
        let fixed = match self.parts.first() {
            Some(Part::Text(text)) => text.as_str(),
            Some(Part::Field) | None => "",
        };
        let end = fixed.rfind(std::path::is_separator).map_or(0, |at| at + 1);
        match &fixed[..end] {
            "" => PathBuf::from("."),
            folder => PathBuf::from(folder),
        }
    }

    /// The path for values of the fields, which come from [`push_value`](super::key::push_value).
    pub(crate) fn path<'a>(&self, mut values: impl Iterator<Item = &'a str>) -> PathBuf {
        let mut path = String::new();
        for part in &self.parts {
            match part {
                Part::Text(text) => path.push_str(text),
                Part::Field => path.push_str(values.next().unwrap_or_default()),
            }
        }
        path.into()
    }
}

fn parse(text: &str, parts: &mut Vec<Part>, fields: &mut Vec<Arc<str>>) -> Result<(), &'static str> {
    let mut literal = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(['{', '}']) {
        literal.push_str(&rest[..at]);
        let brace = &rest[at..];
        if let Some(after) = brace.strip_prefix("{{") {
            literal.push('{');
            rest = after;
        } else if let Some(after) = brace.strip_prefix("}}") {
            literal.push('}');
            rest = after;
        } else if let Some(after) = brace.strip_prefix('{') {
            let (name, after) =
                after.split_once('}').ok_or("a `{` needs a `}`, or a second `{` if it is text")?;
            if name.is_empty() || name.contains('{') {
                return Err("a field is written as `{name}`");
            }
            if !literal.is_empty() {
                parts.push(Part::Text(std::mem::take(&mut literal)));
            }
            parts.push(Part::Field);
            fields.push(name.into());
            rest = after;
        } else {
            return Err("a `}` needs a `{` before it, or a second `}` if it is text");
        }
    }
    literal.push_str(rest);
    if fields.is_empty() {
        return Err("it needs a field, such as `{country}`");
    }
    if literal.ends_with(std::path::is_separator) {
        return Err("it must end in a file name");
    }
    if !literal.is_empty() {
        parts.push(Part::Text(literal));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_replaced_by_their_values() {
        let table = [
            ("out/{a}/{b}.csv", vec!["a", "b"], "out", "out/1/2.csv"),
            ("/x/y-{a}", vec!["a"], "/x/", "/x/y-1"),
            ("{a}{b c}", vec!["a", "b c"], ".", "12"),
            ("{{{a}}}", vec!["a"], ".", "{1}"),
            ("o{{}}/{a}-{a}.gz", vec!["a", "a"], "o{}", "o{}/1-2.gz"),
        ];
        for (text, fields, folder, path) in table {
            let template = Template::new(text.to_owned());
            assert!(template.check().is_ok(), "{text}");
            assert_eq!(template.fields().iter().map(|field| &**field).collect::<Vec<_>>(), fields);
            assert_eq!(template.folder(), Path::new(folder), "{text}");
            assert_eq!(template.path(["1", "2"].into_iter()), Path::new(path));
        }
    }

    #[test]
    fn an_invalid_template_says_what_is_expected() {
        let table = [
            ("out/{a", "a `{` needs a `}`, or a second `{` if it is text"),
            ("out/a}", "a `}` needs a `{` before it, or a second `}` if it is text"),
            ("out/{}", "a field is written as `{name}`"),
            ("out/{a{b}", "a field is written as `{name}`"),
            ("out/a.csv", "it needs a field, such as `{country}`"),
            ("out/{{a}}.csv", "it needs a field, such as `{country}`"),
            ("out/{a}/", "it must end in a file name"),
        ];
        for (text, expected) in table {
            let error = Template::new(text.to_owned()).check().unwrap_err();
            assert_eq!(error.to_string(), format!("`{text}` is not a path template: {expected}"));
        }
    }
}

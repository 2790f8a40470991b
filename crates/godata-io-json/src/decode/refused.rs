//! Why a dynamic record was refused.

/// What is wrong, and in which field. The path grows from the inside while it is returned.
#[derive(Debug)]
pub(super) struct Refused(Box<Parts>);

#[derive(Debug)]
struct Parts {
    path: String,
    problem: Problem,
}

/// What is wrong. Columns count bytes of the record from 1.
#[derive(Debug)]
pub(super) enum Problem {
    /// It is not JSON; serde_json knows why and where.
    Syntax,
    /// It is not an object.
    NotAnObject,
    /// A string with an escape that serde_json refuses.
    Text { begin: usize, error: serde_json::Error },
    /// There are more arrays and objects within each other than there may be.
    TooDeep { column: usize },
    /// A key is there twice.
    Duplicate { column: usize },
    /// A number within a list or map is beyond the range of `f64`.
    Range { column: usize, digits: String },
}

impl Refused {
    /// Of a value that is a field.
    pub(super) fn in_field(self, name: &str) -> Self {
        self.within(name)
    }

    /// Of a value that is an element of a list, counted from 0.
    pub(super) fn in_index(self, index: usize) -> Self {
        self.within(&format!("[{index}]"))
    }

    pub(super) fn into_parts(self) -> (String, Problem) {
        let Parts { path, problem } = *self.0;
        (path, problem)
    }

    fn within(mut self, outer: &str) -> Self {
        let path = &mut self.0.path;
        if !path.is_empty() && !path.starts_with('[') {
            path.insert(0, '.');
        }
        path.insert_str(0, outer);
        self
    }
}

impl From<Problem> for Refused {
    fn from(problem: Problem) -> Self {
        Self(Box::new(Parts { path: String::new(), problem }))
    }
}

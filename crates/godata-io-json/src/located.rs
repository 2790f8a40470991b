//! Problems with a value inside a record.

/// A problem with a value, and the path to that value. The path grows from the inside out while the error is returned.
#[derive(Debug)]
pub(crate) struct Located<P>(Box<Parts<P>>);

#[derive(Debug)]
struct Parts<P> {
    path: String,
    problem: P,
}

impl<P> Located<P> {
    /// The value is in this field.
    pub(crate) fn in_field(self, name: &str) -> Self {
        self.within(name)
    }

    /// The value is this element of a list, counted from 0.
    pub(crate) fn in_index(self, index: usize) -> Self {
        self.within(&format!("[{index}]"))
    }

    /// The path, such as `customer.emails[2]`, and the problem.
    pub(crate) fn into_parts(self) -> (String, P) {
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

impl<P> From<P> for Located<P> {
    fn from(problem: P) -> Self {
        Self(Box::new(Parts { path: String::new(), problem }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_path_grows_from_the_inside_out() {
        let problem = Located::from("what").in_index(2).in_index(0).in_field("emails").in_field("customer");
        assert_eq!(problem.into_parts(), ("customer.emails[0][2]".to_owned(), "what"));
        assert_eq!(Located::from("what").in_field("a").in_index(1).into_parts().0, "[1].a");
        assert_eq!(Located::from("what").into_parts().0, "");
    }
}

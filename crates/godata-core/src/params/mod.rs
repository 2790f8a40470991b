//! The parameters of a run.

mod error;
mod extract;
mod fault;

use std::collections::BTreeMap;
use std::str::FromStr;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

pub use self::error::ParamError;
use self::extract::Whole;
use crate::BoxError;

/// The parameters of a run: names and values, both text, sorted by name.
///
/// They are stored with the run and appear in error messages, so don't put passwords into them.
///
/// # Example
///
/// ```
/// use godata_core::{ParamError, Params};
///
/// let params = Params::new().with("day", "2024-02-29").with("limit", "500");
///
/// assert_eq!(params.get("region"), None);
/// assert_eq!(params.require("day")?, "2024-02-29");
/// assert_eq!(params.parse::<u32>("limit")?, 500);
/// # Ok::<(), ParamError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Params(BTreeMap<String, String>);

impl Params {
    /// Makes an empty set of parameters.
    #[must_use]
    pub const fn new() -> Self {
        Self(BTreeMap::new())
    }

    /// Sets a parameter and returns the value that it replaces, if there was one.
    pub fn insert(&mut self, name: impl Into<String>, value: impl Into<String>) -> Option<String> {
        self.0.insert(name.into(), value.into())
    }

    /// Sets a parameter. A value that it already has is replaced.
    #[must_use]
    pub fn with(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.insert(name, value);
        self
    }

    /// Returns the value of a parameter, or `None` if it is not set.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// Returns the value of a parameter that must be set.
    ///
    /// # Errors
    ///
    /// [`ParamError::Missing`], if it is not.
    pub fn require(&self, name: &str) -> Result<&str, ParamError> {
        self.get(name).ok_or_else(|| ParamError::Missing { name: name.to_owned() })
    }

    /// Parses the value of a parameter that must be set: as a number, or as any other type that implements [`FromStr`].
    ///
    /// # Errors
    ///
    /// [`ParamError::Missing`], if it is not set. [`ParamError::Invalid`], if its value can't be parsed as a `T`; the
    /// error of `T` is the source.
    pub fn parse<T>(&self, name: &str) -> Result<T, ParamError>
    where
        T: FromStr<Err: Into<BoxError>>,
    {
        let value = self.require(name)?;
        value.parse().map_err(|cause: T::Err| ParamError::Invalid {
            name: name.to_owned(),
            value: value.to_owned(),
            source: cause.into(),
        })
    }

    /// Reads all parameters into a type, such as a struct with a field for each.
    ///
    /// The text of each parameter becomes a number, a truth value (`true` or `false`), a text, a variant of an enum without
    /// fields, or whatever else is read from text. A field that is an `Option`, or has a `#[serde(default)]`, need not be set.
    /// Parameters without a field are ignored, unless the type says `#[serde(deny_unknown_fields)]`. Below `#[serde(flatten)]` and
    /// in `#[serde(untagged)]` enums, every value is a text.
    ///
    /// # Errors
    ///
    /// [`ParamError`], which names the parameter. It is [permanent](crate::JobErrorKind): a retry has the same parameters.
    ///
    /// ```
    /// use godata_core::{ParamError, RunContext};
    /// use serde::Deserialize;
    ///
    /// #[derive(Deserialize)]
    /// struct Arguments {
    ///     day: String,
    ///     limit: Option<u32>,
    ///     #[serde(default)]
    ///     dry_run: bool,
    /// }
    ///
    /// let cx = RunContext::new().with_param("day", "2024-02-29").with_param("limit", "500");
    /// let arguments: Arguments = cx.params().extract()?;
    /// assert_eq!((&*arguments.day, arguments.limit, arguments.dry_run), ("2024-02-29", Some(500), false));
    ///
    /// let wrong = cx.with_param("limit", "many").params().extract::<Arguments>();
    /// assert_eq!(wrong.map(drop).unwrap_err().to_string(), "parameter `limit` has the invalid value `many`");
    /// # Ok::<(), ParamError>(())
    /// ```
    pub fn extract<T: DeserializeOwned>(&self) -> Result<T, ParamError> {
        T::deserialize(Whole(self)).map_err(ParamError::from)
    }

    /// Iterates over names and values, sorted by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// Whether there are no parameters.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns the number of parameters.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }
}

/// If a name occurs more than once, its last value is kept.
///
/// ```
/// use godata_core::Params;
///
/// let params: Params = [("day", "2024-02-29"), ("limit", "500")].into_iter().collect();
/// assert_eq!(params.len(), 2);
/// ```
impl<N: Into<String>, V: Into<String>> FromIterator<(N, V)> for Params {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(params: I) -> Self {
        Self(params.into_iter().map(|(name, value)| (name.into(), value.into())).collect())
    }
}

/// A value that is set already is replaced.
///
/// ```
/// use godata_core::Params;
///
/// let mut params = Params::new().with("mode", "new").with("limit", "500");
/// params.extend(Params::new().with("mode", "full").iter());
/// assert_eq!(params, Params::new().with("mode", "full").with("limit", "500"));
/// ```
impl<N: Into<String>, V: Into<String>> Extend<(N, V)> for Params {
    fn extend<I: IntoIterator<Item = (N, V)>>(&mut self, params: I) {
        self.0.extend(params.into_iter().map(|(name, value)| (name.into(), value.into())));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error_chain;

    #[test]
    fn params_are_sorted_by_name_and_the_last_value_is_kept() {
        let params: Params = [("b", "1"), ("a", "2"), ("b", "3")].into_iter().collect();
        assert_eq!(params.iter().collect::<Vec<_>>(), [("a", "2"), ("b", "3")]);
    }

    #[test]
    fn params_are_a_map_in_json() {
        let params = Params::new().with("limit", "5").with("day", "");
        let json = r#"{"day":"","limit":"5"}"#;
        assert_eq!(serde_json::to_string(&params).unwrap(), json);
        assert_eq!(serde_json::from_str::<Params>(json).unwrap(), params);
    }

    #[test]
    fn errors_name_the_parameter_the_value_and_the_cause() {
        let params = Params::new().with("limit", "");
        let cases = [
            (params.parse::<u32>("offset"), "parameter `offset` is missing"),
            (
                params.parse::<u32>("limit"),
                "parameter `limit` has the invalid value ``: cannot parse integer from empty string",
            ),
        ];
        for (result, expected) in cases {
            assert_eq!(error_chain(&result.unwrap_err()).to_string(), expected);
        }
    }
}

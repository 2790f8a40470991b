//! Which fields a struct has.

use std::fmt;

use serde::de::{DeserializeOwned, Deserializer, Visitor};
use serde::forward_to_deserialize_any;

use super::super::shape::Shape;
use super::super::shape_error::ShapeError;

impl Shape {
    /// Checks that no field of a struct is missing only because it is spelled differently. Such a field would silently be
    /// `None` or its default. For readers that deserialize records with these names.
    ///
    /// Nothing is checked for types that are not structs, and for structs with a flattened field, which take any name.
    ///
    /// # Errors
    ///
    /// [`ShapeError::Unknown`] if the struct has a field that is not among the names, while a name that is not a field of the
    /// struct differs from it in nothing but letter case, spaces and punctuation.
    ///
    /// ```
    /// use godata_etl::Shape;
    ///
    /// #[derive(serde::Deserialize)]
    /// struct Order {
    ///     id: String,
    ///     status: Option<String>,
    /// }
    ///
    /// assert!(Shape::new(["id", "status"])?.check_struct::<Order>().is_ok());
    /// assert!(Shape::new(["id"])?.check_struct::<Order>().is_ok());
    /// let error = Shape::new(["id", "Status"])?.check_struct::<Order>().unwrap_err();
    /// assert!(error.to_string().starts_with("no field is named `status` (did you mean `Status`?)"));
    /// # Ok::<(), godata_etl::ShapeError>(())
    /// ```
    pub fn check_struct<T: DeserializeOwned>(&self) -> Result<(), ShapeError> {
        let Err(Found(Some(fields))) = T::deserialize(FindFields) else { return Ok(()) };
        let is_misspelled = |field: &&&str| {
            let similar = self.similar(field).filter(|_| self.position(field).is_none());
            similar.is_some_and(|similar| !fields.contains(&&**similar))
        };
        match fields.iter().find(is_misspelled) {
            Some(&field) => Err(self.unknown(field)),
            None => Ok(()),
        }
    }
}

/// Deserializes nothing, and fails with the fields of the struct that is asked for.
struct FindFields;

/// The names of the fields; `None` if the type is not a struct.
#[derive(Debug)]
struct Found(Option<&'static [&'static str]>);

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.0)
    }
}

impl std::error::Error for Found {}

impl serde::de::Error for Found {
    fn custom<T: fmt::Display>(_: T) -> Self {
        Self(None)
    }
}

impl<'de> Deserializer<'de> for FindFields {
    type Error = Found;

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Found> {
        Err(Found(None))
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        _: V,
    ) -> Result<V::Value, Found> {
        Err(Found(Some(fields)))
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Found> {
        visitor.visit_newtype_struct(self)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit
        unit_struct seq tuple tuple_struct map enum identifier ignored_any
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    #[expect(dead_code, reason = "only its fields are looked at")]
    struct Order {
        id: u32,
        #[serde(alias = "State")]
        order_status: Option<String>,
        #[serde(default)]
        note: String,
    }

    #[derive(Deserialize)]
    #[expect(dead_code, reason = "only its fields are looked at")]
    struct Wrapped(Order);

    #[derive(Deserialize)]
    #[expect(dead_code, reason = "only its fields are looked at")]
    struct Flattened {
        note: Option<String>,
        #[serde(flatten)]
        order: Order,
    }

    fn check<T: DeserializeOwned>(names: &[&str]) -> Option<String> {
        let checked = Shape::new(names.iter().copied()).unwrap().check_struct::<T>();
        checked.err().map(|error| match error {
            ShapeError::Unknown { name, .. } => name,
            other => panic!("{other:?}"),
        })
    }

    #[test]
    fn a_field_that_is_spelled_otherwise_is_found() {
        let table = [
            (&["id", "orderStatus", "note"][..], None),
            (&["id"], None),
            (&[], None),
            (&["id", "Order Status"], Some("orderStatus")),
            (&["id", "order_status", "Note"], Some("orderStatus")),
            (&["id", "State"], None),
            (&["id", "orderStatus", "Order Status"], None),
            (&["ID"], Some("id")),
            (&["id", "NOTE "], Some("note")),
        ];
        for (names, field) in table {
            assert_eq!(check::<Order>(names).as_deref(), field, "{names:?}");
            assert_eq!(check::<Wrapped>(names).as_deref(), field, "{names:?}");
        }
        assert_eq!(check::<Flattened>(&["Note"]), None);
        assert_eq!(check::<Vec<String>>(&["Note"]), None);
        assert_eq!(check::<Option<u32>>(&["Note"]), None);
    }
}

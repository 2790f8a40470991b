//! Reading parameters into a type.

use std::collections::btree_map::Iter;
use std::str::FromStr;

use serde::de::value::BorrowedStrDeserializer;
use serde::de::{DeserializeSeed, Deserializer, MapAccess, Visitor};
use serde::forward_to_deserialize_any;

use super::Params;
use super::fault::Fault;
use crate::BoxError;

/// All parameters, as a map or as the fields of a struct.
#[derive(Clone, Copy)]
pub(super) struct Whole<'de>(pub(super) &'de Params);

impl<'de> Deserializer<'de> for Whole<'de> {
    type Error = Fault;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_map(Pairs { rest: self.0.0.iter(), current: None })
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Fault> {
        visitor.visit_newtype_struct(self)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct seq tuple
        tuple_struct map struct enum identifier ignored_any
    }
}

/// The parameters that are still to be read, and the one whose value is next.
struct Pairs<'de> {
    rest: Iter<'de, String, String>,
    current: Option<(&'de str, &'de str)>,
}

impl<'de> MapAccess<'de> for Pairs<'de> {
    type Error = Fault;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Fault> {
        let Some((name, value)) = self.rest.next() else { return Ok(None) };
        self.current = Some((name, value));
        seed.deserialize(Text(name)).map(Some).map_err(|fault| fault.of(name, value))
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Fault> {
        let (name, value) = self.current.take().unwrap_or_default();
        seed.deserialize(Text(value)).map_err(|fault| fault.of(name, value))
    }
}

/// The name or the value of a parameter.
#[derive(Clone, Copy)]
struct Text<'de>(&'de str);

impl Text<'_> {
    fn parse<T: FromStr<Err: Into<BoxError>>>(self) -> Result<T, Fault> {
        self.0.parse().map_err(|cause: T::Err| Fault::Text(cause.into()))
    }
}

macro_rules! parsed {
    ($($deserialize:ident $visit:ident)*) => {
        $(fn $deserialize<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
            visitor.$visit(self.parse()?)
        })*
    };
}

impl<'de> Deserializer<'de> for Text<'de> {
    type Error = Fault;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_borrowed_str(self.0)
    }

    parsed! {
        deserialize_bool visit_bool
        deserialize_i8 visit_i8
        deserialize_i16 visit_i16
        deserialize_i32 visit_i32
        deserialize_i64 visit_i64
        deserialize_i128 visit_i128
        deserialize_u8 visit_u8
        deserialize_u16 visit_u16
        deserialize_u32 visit_u32
        deserialize_u64 visit_u64
        deserialize_u128 visit_u128
        deserialize_f32 visit_f32
        deserialize_f64 visit_f64
        deserialize_char visit_char
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Fault> {
        visitor.visit_newtype_struct(self)
    }

    /// The text is the name of a variant without fields.
    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        visitor.visit_enum(BorrowedStrDeserializer::new(self.0))
    }

    forward_to_deserialize_any! {
        str string bytes byte_buf unit unit_struct seq tuple tuple_struct map struct identifier ignored_any
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::net::IpAddr;

    use serde::{Deserialize, Serialize};

    use super::*;
    use crate::{ParamError, error_chain};

    #[derive(Debug, PartialEq, Deserialize, Serialize)]
    #[serde(rename_all = "kebab-case")]
    enum Mode {
        Full,
        OnlyNew,
    }

    #[derive(Debug, PartialEq, Deserialize, Serialize)]
    struct Day(String);

    #[derive(Debug, PartialEq, Deserialize, Serialize)]
    #[serde(deny_unknown_fields)]
    struct Arguments {
        day: Day,
        limit: u32,
        #[serde(default)]
        share: f64,
        #[serde(default)]
        dry: bool,
        mode: Option<Mode>,
        from: Option<IpAddr>,
    }

    fn params(text: &str) -> Params {
        text.split_whitespace().filter_map(|pair| pair.split_once('=')).collect()
    }

    #[test]
    fn fields_are_parsed_from_the_texts_of_their_parameters() {
        let full = params("day=2024-02-29 limit=5 share=0.25 dry=true mode=only-new from=::1");
        let expected = Arguments {
            day: Day("2024-02-29".to_owned()),
            limit: 5,
            share: 0.25,
            dry: true,
            mode: Some(Mode::OnlyNew),
            from: Some(IpAddr::from([0, 0, 0, 0, 0, 0, 0, 1])),
        };
        assert_eq!(full.extract::<Arguments>().unwrap(), expected);
        let least = params("day=1 limit=0").extract::<Arguments>().unwrap();
        assert_eq!((least.share, least.dry, least.mode, least.from), (0.0, false, None, None));
        let map: BTreeMap<String, u8> = params("a=1 b=2").extract().unwrap();
        assert_eq!(map, BTreeMap::from([("a".to_owned(), 1), ("b".to_owned(), 2)]));
        assert_eq!(full.extract::<Params>().unwrap(), full);
    }

    #[test]
    fn errors_name_the_parameter() {
        #[derive(Debug, Deserialize)]
        struct Listed {
            #[expect(dead_code, reason = "it can't be read")]
            days: Vec<String>,
        }

        let day = "day=1 limit=5";
        for (text, expected) in [
            ("day=1".to_owned(), "parameter `limit` is missing"),
            (
                "day=1 limit=ten".to_owned(),
                "parameter `limit` has the invalid value `ten`: invalid digit found in string",
            ),
            (
                format!("{day} dry=yes"),
                "parameter `dry` has the invalid value `yes`: provided string was not `true` or `false`",
            ),
            (
                format!("{day} mode=half"),
                "parameter `mode` has the invalid value `half`: unknown variant `half`, expected `full` or `only-new`",
            ),
            (
                format!("{day} from=here"),
                "parameter `from` has the invalid value `here`: invalid IP address syntax",
            ),
            (
                format!("{day} limt=1"),
                "parameter `limt` is not known: expected `day`, `limit`, `share`, `dry`, `mode`, `from`",
            ),
        ] {
            let error = params(&text).extract::<Arguments>().unwrap_err();
            assert_eq!(error_chain(&error).to_string(), expected);
        }
        let error = params("days=1,2").extract::<Listed>().unwrap_err();
        let expected =
            "parameter `days` has the invalid value `1,2`: invalid type: string \"1,2\", expected a sequence";
        assert_eq!(error_chain(&error).to_string(), expected);
    }

    #[test]
    fn a_type_that_has_no_names_and_a_check_of_the_whole_have_no_parameter_to_name() {
        #[derive(Debug, Deserialize)]
        #[serde(try_from = "BTreeMap<String, u8>")]
        struct Checked;

        impl TryFrom<BTreeMap<String, u8>> for Checked {
            type Error = &'static str;

            fn try_from(map: BTreeMap<String, u8>) -> Result<Self, &'static str> {
                if map["from"] < map["to"] { Ok(Self) } else { Err("from is not before to") }
            }
        }

        params("from=1 to=2").extract::<Checked>().unwrap();
        let error = params("from=2 to=1").extract::<Checked>().unwrap_err();
        assert!(matches!(error, ParamError::Rejected { .. }));
        assert_eq!(error_chain(&error).to_string(), "the parameters can't be used: from is not before to");
        let error = params("a=1").extract::<u8>().unwrap_err();
        assert_eq!(
            error_chain(&error).to_string(),
            "the parameters can't be used: invalid type: map, expected u8"
        );
    }
}

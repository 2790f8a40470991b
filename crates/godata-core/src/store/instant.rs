//! The stored form of instants: RFC 3339 text, which people can read.

use serde::{Deserialize, Deserializer, Serializer, de, ser};
use time::format_description::well_known::Rfc3339;
use time::{OffsetDateTime, UtcDateTime};

pub(super) fn serialize<S: Serializer>(at: &UtcDateTime, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(&at.format(&Rfc3339).map_err(ser::Error::custom)?)
}

pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<UtcDateTime, D::Error> {
    parse(&String::deserialize(from)?)
}

/// `UtcDateTime::parse` would panic if the offset moves the instant out of the range of years.
fn parse<E: de::Error>(text: &str) -> Result<UtcDateTime, E> {
    let parsed = OffsetDateTime::parse(text, &Rfc3339).map_err(E::custom)?;
    parsed
        .checked_to_utc()
        .ok_or_else(|| E::custom(format_args!("the instant {text} is out of range in UTC")))
}

/// The same for `Option<UtcDateTime>`.
pub(super) mod option {
    use super::{Deserialize, Deserializer, Serializer, UtcDateTime, parse};

    pub(in crate::store) fn serialize<S: Serializer>(
        at: &Option<UtcDateTime>,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        match at {
            Some(at) => super::serialize(at, to),
            None => to.serialize_none(),
        }
    }

    pub(in crate::store) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Option<UtcDateTime>, D::Error> {
        Option::<String>::deserialize(from)?.map(|text| parse(&text)).transpose()
    }
}

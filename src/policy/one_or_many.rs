//! `status = 503` and `status = [503, "4xx"]` alike.

use core::{fmt, marker::PhantomData};

use serde::{
    Deserialize, Deserializer,
    de::{Error, IntoDeserializer, SeqAccess, Visitor},
};

/// Reads one value or a list of them into a list; for `#[serde(deserialize_with)]`.
pub(super) fn one_or_many<'de, D, T>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    deserializer.deserialize_any(OneOrMany(PhantomData))
}

struct OneOrMany<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for OneOrMany<T> {
    type Value = Vec<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("one value or a list of values")
    }

    fn visit_str<E: Error>(self, one: &str) -> Result<Self::Value, E> {
        Ok(vec![T::deserialize(one.into_deserializer())?])
    }

    fn visit_u64<E: Error>(self, one: u64) -> Result<Self::Value, E> {
        Ok(vec![T::deserialize(one.into_deserializer())?])
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        let mut many = Vec::new();
        while let Some(value) = list.next_element()? {
            many.push(value);
        }
        if many.is_empty() {
            return Err(A::Error::custom(
                "a list of conditions must not be empty: leave the key out instead",
            ));
        }
        Ok(many)
    }
}

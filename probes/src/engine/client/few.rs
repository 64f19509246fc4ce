//! Parts of an answer of which few are kept, however many there are.

use std::fmt;
use std::marker::PhantomData;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, SeqAccess, Visitor};

/// The first `MOST` elements of an array; nothing for `null`.
#[derive(Clone, Debug)]
pub(crate) struct Few<T, const MOST: usize>(pub(crate) Vec<T>);

/// The first `MOST` members of an object; nothing for `null`.
#[derive(Clone, Debug)]
pub(crate) struct Members<T, const MOST: usize>(pub(crate) Vec<(String, T)>);

impl<T, const MOST: usize> Default for Few<T, MOST> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T, const MOST: usize> Default for Members<T, MOST> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T, const MOST: usize> Members<T, MOST> {
    /// The member of this name.
    pub(crate) fn get(&self, name: &str) -> Option<&T> {
        self.0.iter().find(|(own, _)| own == name).map(|(_, value)| value)
    }
}

impl<'de, T: Deserialize<'de>, const MOST: usize> Deserialize<'de> for Few<T, MOST> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut kept = Vec::new();
        each(deserializer, |element| {
            if kept.len() < MOST {
                kept.push(element);
            }
        })?;
        Ok(Self(kept))
    }
}

impl<'de, T: Deserialize<'de>, const MOST: usize> Deserialize<'de> for Members<T, MOST> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut kept = Vec::new();
        let mut take = |name, value| {
            if kept.len() < MOST {
                kept.push((name, value));
            }
        };
        deserializer.deserialize_any(EachMember(&mut take, PhantomData))?;
        Ok(Self(kept))
    }
}

/// Hands on each element of an array, of which nothing is kept here.
pub(crate) fn each<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
    mut take: impl FnMut(T),
) -> Result<(), D::Error> {
    deserializer.deserialize_any(Each(&mut take, PhantomData))
}

struct Each<'t, F, T>(&'t mut F, PhantomData<T>);

impl<'de, F: FnMut(T), T: Deserialize<'de>> Visitor<'de> for Each<'_, F, T> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<(), A::Error> {
        while let Some(element) = elements.next_element()? {
            self.0(element);
        }
        Ok(())
    }
}

struct EachMember<'t, F, T>(&'t mut F, PhantomData<T>);

impl<'de, F: FnMut(String, T), T: Deserialize<'de>> Visitor<'de> for EachMember<'_, F, T> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        while let Some((name, value)) = members.next_entry()? {
            self.0(name, value);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_more_are_kept_than_may_be_and_null_is_none() {
        let few = |json: &str| serde_json::from_str::<Few<u32, 2>>(json).map(|few| few.0);
        assert_eq!(few("[1, 2, 3, 4]").unwrap(), [1, 2]);
        assert!(few("null").unwrap().is_empty());
        assert!(few("[1, 2, 3, \"x\"]").is_err());
        let many = format!("[{}1]", "1,".repeat(100_000));
        assert_eq!(few(&many).unwrap().capacity(), 4);
        let members = |json: &str| serde_json::from_str::<Members<u32, 2>>(json).map(|few| few.0);
        assert_eq!(members(r#"{"a": 1, "b": 2, "c": 3}"#).unwrap().len(), 2);
        assert!(members("null").unwrap().is_empty() && members("[]").is_err());
    }
}

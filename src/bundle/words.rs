//! The words of the contents list and of the summary, in each language.

crate::language::phrasebook!(pub(super));

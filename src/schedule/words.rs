//! The words of the schedule's state, in each language.

crate::language::phrasebook!(pub);

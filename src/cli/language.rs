//! In which language a command tells: the one that was asked for, else the locale's.

use clap::ValueEnum;

use super::format::Format;
use crate::language::Language;

/// A language, as `--lang` names it.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum Lang {
    // Without doc comments: they would make clap's short help of every command a long one.
    En,
    Fr,
}

impl From<Lang> for Language {
    fn from(lang: Lang) -> Self {
        match lang {
            Lang::En => Self::English,
            Lang::Fr => Self::French,
        }
    }
}

/// The language that was asked for, and the locale's.
#[derive(Clone, Copy, Debug)]
pub(super) struct Languages {
    asked: Option<Language>,
    locale: Language,
}

impl Languages {
    /// Reads the locale from the environment.
    pub(super) fn new(asked: Option<Lang>) -> Self {
        let locale = Language::from_locale(|name| std::env::var(name).ok());
        Self { asked: asked.map(Into::into), locale }
    }

    /// The language of what a person reads.
    pub(super) fn for_people(self) -> Language {
        self.asked.unwrap_or(self.locale)
    }

    /// The language of a report in this form.
    ///
    /// What a program reads must not change with the user's locale, so there only
    /// `--lang` counts.
    pub(super) fn for_format(self, format: Format) -> Language {
        if format.is_for_people() { self.for_people() } else { self.for_programs() }
    }

    /// The language of what a program reads.
    pub(super) fn for_programs(self) -> Language {
        self.asked.unwrap_or_default()
    }
}

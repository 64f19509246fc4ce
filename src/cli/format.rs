//! The forms of a report.

use clap::ValueEnum;

use super::problem::Problem;
use crate::language::Language;
use crate::report::{Report, human, json, junit, markdown, nagios, prometheus, short};

/// A form of the report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// For people
    Human,
    /// One line for each cause
    Short,
    /// For pasting into an issue or a ticket
    Markdown,
    /// One JSON document
    Json,
    /// One line of JSON for each observation as it comes, the verdict last
    Ndjson,
    /// JUnit's XML, for Jenkins, GitLab and similar
    Junit,
    /// A plugin's output with performance data, for Nagios, Icinga and similar
    Nagios,
    /// Metrics, for the textfile collector of Prometheus' node_exporter
    Prometheus,
}

impl Format {
    /// Whether people read it, so that the locale chooses the language.
    pub(super) fn is_for_people(self) -> bool {
        matches!(self, Self::Human | Self::Short | Self::Markdown)
    }

    /// The report in this form. Only the form for people heeds `verbose`.
    pub(super) fn text(
        self,
        report: &Report,
        verbose: bool,
        language: Language,
    ) -> Result<String, Problem> {
        let text = match self {
            Self::Human => {
                let detail = if verbose { human::Detail::Verbose } else { human::Detail::Normal };
                Ok(human::text(report, detail, language))
            }
            Self::Short => Ok(short::text(report, language)),
            Self::Markdown => Ok(markdown::text(report, language)),
            Self::Json => json::document(report),
            Self::Ndjson => json::lines(report),
            Self::Junit => junit::text(report, language),
            Self::Nagios => Ok(nagios::text(report, language)),
            Self::Prometheus => Ok(prometheus::text(report)),
        };
        text.map_err(|error| self.unwritable(&error))
    }

    /// The problem that the report cannot be written in this form.
    pub(super) fn unwritable(self, error: &std::io::Error) -> Problem {
        let form = if self == Self::Junit { "XML" } else { "JSON" };
        Problem::new(format!("cannot write the report as {form}: {error}"))
    }

    /// The form that a word names.
    pub(super) fn named(word: &str) -> Option<Self> {
        Self::from_str(word, true).ok()
    }
}

//! The report in a line for each cause.

use std::fmt::Write as _;

use super::Report;
use super::answer::Answer;
use super::style::{BOLD, for_status, paint};
use super::words::{self, say};
use crate::language::{Language, Text};
use crate::verdict::{Cause, Effect, Status};

/// A line for each cause; the status and its sentence where no cause has brought it about.
pub fn text(report: &Report, language: Language) -> String {
    let answer = Answer::from_report(report, language);
    let mut out = String::new();
    let explained = answer.causes.iter().any(|cause| status_of(cause) == Some(answer.status));
    if !explained {
        let status = words::status(answer.status, language);
        let text = Text::new("status_and_summary")
            .with("status", paint(for_status(answer.status), &status))
            .with("summary", &answer.summary);
        let _ = writeln!(out, "{}", say(&text, language));
    }
    for cause in answer.causes {
        let status = match status_of(cause) {
            Some(status) => paint(for_status(status), &words::status(status, language)),
            None => words::word("effect.warns", language),
        };
        let text = Text::new("short.cause")
            .with("status", status)
            .with("cause", paint(BOLD, cause.id.word()))
            .with("confidence", words::confidence(cause.confidence, language))
            .with("sentence", &cause.summary);
        let _ = writeln!(out, "{}", say(&text, language));
    }
    out
}

/// The status that a cause alone brings about; `None` where it only warns.
fn status_of(cause: &Cause) -> Option<Status> {
    match cause.effect {
        Effect::Blocks => Some(Status::Blocked),
        Effect::Degrades => Some(Status::Degraded),
        Effect::Warns => None,
    }
}

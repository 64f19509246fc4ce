//! The report's words, in each language.

use crate::language::Language;
use crate::verdict::{Confidence, Status};

crate::language::phrasebook!(pub);

/// The status in small letters.
pub fn status(status: Status, language: Language) -> String {
    word(
        match status {
            Status::Healthy => "status.healthy",
            Status::Degraded => "status.degraded",
            Status::Blocked => "status.blocked",
            Status::Inconclusive => "status.inconclusive",
        },
        language,
    )
}

/// How sure a cause is.
pub(super) fn confidence(confidence: Confidence, language: Language) -> String {
    word(
        match confidence {
            Confidence::Confirmed => "confidence.confirmed",
            Confidence::Likely => "confidence.likely",
        },
        language,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_leaves_a_space_in_its_column() {
        for language in Language::ALL {
            for (key, label) in BOOK.templates(language) {
                let column = if key.starts_with("label.") { 12 } else { 14 };
                let is_label = key.starts_with("label.") || key.starts_with("vpn.label.");
                assert!(!is_label || label.chars().count() < column, "{key}: {label}");
            }
        }
    }
}

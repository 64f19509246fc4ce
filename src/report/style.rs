//! How text for people looks: colours that say nothing which the words do not say, and lines that
//! fit a terminal.

use anstyle::{AnsiColor, Style};

use crate::verdict::Status;

/// The width that text is wrapped to.
pub const WIDTH: usize = 80;

pub const BOLD: Style = Style::new().bold();
pub const DIM: Style = Style::new().dimmed();

/// The colour of a status.
pub fn for_status(status: Status) -> Style {
    let colour = match status {
        Status::Healthy => AnsiColor::Green,
        Status::Degraded => AnsiColor::Yellow,
        Status::Blocked => AnsiColor::Red,
        Status::Inconclusive => AnsiColor::Magenta,
    };
    Style::new().bold().fg_color(Some(colour.into()))
}

/// The text in a style.
pub fn paint(style: Style, text: &str) -> String {
    format!("{style}{text}{style:#}")
}

/// A label in the first column and a text in the second, wrapped to the width, the continuation
/// lines under the text.
pub fn labelled(label: &str, indent: usize, text: &str) -> String {
    let blank = " ".repeat(indent);
    let first = format!("{label:<indent$}");
    let options = textwrap::Options::new(WIDTH)
        .initial_indent(&first)
        .subsequent_indent(&blank)
        .break_words(false)
        .word_splitter(textwrap::WordSplitter::NoHyphenation);
    textwrap::fill(&kept_together(text), options).replace(NO_BREAK_SPACE, " ")
}

const NO_BREAK_SPACE: &str = "\u{a0}";

/// The text with its figures bound to their units, and the marks that French sets apart to what
/// they belong to, so that no line ends between the two.
fn kept_together(text: &str) -> String {
    let mut out = String::new();
    for word in text.split(' ') {
        let is_unit = matches!(word.trim_end_matches(['.', ',', ';', ':', ')']), "s" | "ms");
        let follows_figure = out.ends_with(|last: char| last.is_ascii_digit());
        let is_mark = matches!(word.trim_end_matches(['.', ',', ')']), ":" | ";" | "!" | "?" | "»");
        let bound = (is_unit && follows_figure) || is_mark || out.ends_with('«');
        if !out.is_empty() {
            out.push_str(if bound { NO_BREAK_SPACE } else { " " });
        }
        out.push_str(word);
    }
    out
}

/// Paragraphs wrapped to the width; a blank line separates paragraphs, a line that is indented
/// stays as it is.
pub fn paragraphs(text: &str, indent: usize) -> String {
    let blank = " ".repeat(indent);
    let wrap = |paragraph: &str| {
        let options = textwrap::Options::new(WIDTH)
            .initial_indent(&blank)
            .subsequent_indent(&blank)
            .break_words(false)
            .word_splitter(textwrap::WordSplitter::NoHyphenation);
        textwrap::fill(&kept_together(paragraph), options).replace(NO_BREAK_SPACE, " ")
    };
    let mut out: Vec<String> = Vec::new();
    let mut flowing = String::new();
    for line in text.trim_matches('\n').lines() {
        if line.trim().is_empty() || line.starts_with(' ') {
            if !flowing.is_empty() {
                out.push(wrap(&std::mem::take(&mut flowing)));
            }
            out.push(if line.trim().is_empty() { String::new() } else { format!("{blank}{line}") });
        } else {
            if !flowing.is_empty() {
                flowing.push(' ');
            }
            flowing.push_str(line.trim_end());
        }
    }
    if !flowing.is_empty() {
        out.push(wrap(&flowing));
    }
    out.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_figure_and_its_unit_share_a_line() {
        for width in 60..80 {
            let text = format!("{} no answer within 1.9 s, then 30 ms.", "x".repeat(width - 20));
            let wrapped = labelled("evidence", 12, &text);
            let starts = wrapped.lines().map(str::trim_start);
            assert!(starts.clone().all(|line| !line.starts_with("s,") && !line.starts_with("ms")));
            assert!(!wrapped.contains(NO_BREAK_SPACE));
        }
    }

    #[test]
    fn no_line_begins_with_a_mark() {
        for width in 60..80 {
            let text = format!("{} le hub : « un nom » ; et ensuite ?", "é".repeat(width - 20));
            for wrapped in [labelled("preuve", 12, &text), paragraphs(&text, 2)] {
                let starts = wrapped.lines().map(str::trim_start);
                assert!(starts.clone().all(|line| !line.starts_with([':', ';', '?', '»'])));
                assert!(wrapped.lines().all(|line| !line.ends_with('«')), "{wrapped}");
                assert!(wrapped.lines().all(|line| line.chars().count() <= WIDTH), "{wrapped}");
            }
        }
    }
}

//! The forms in which configurations are written, each read into one kind of value.

use edgeprobe_facts::runtime::Flaw;
use serde_json::Value;

/// A form of text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    Toml,
    Yaml,
    Json,
}

impl Form {
    pub(super) fn parse(self, text: &str) -> Result<Value, Flaw> {
        match self {
            Self::Toml => toml::from_str(text).map_err(|error| match error.span() {
                Some(span) => Flaw::Line(line_of(text, span.start)),
                None => Flaw::Somewhere,
            }),
            // Its parser bounds aliases and depth, so a text cannot grow without measure.
            Self::Yaml => serde_saphyr::from_str(text).map_err(|error| {
                let line = error.location().map(|location| location.line());
                line.filter(|line| *line > 0).map_or(Flaw::Somewhere, Flaw::Line)
            }),
            // An engine takes an empty file for one without settings.
            Self::Json if text.trim().is_empty() => Ok(Value::Null),
            Self::Json => serde_json::from_str(text)
                .map_err(|error| u64::try_from(error.line()).map_or(Flaw::Somewhere, Flaw::Line)),
        }
    }
}

impl Form {
    /// The value as text in this form; none where the form has no such value.
    pub(super) fn written(self, value: &Value) -> Option<String> {
        match self {
            Self::Toml => toml::to_string_pretty(value).ok(),
            // JSON is YAML too, and a writer of YAML would be needed for this alone.
            Self::Yaml | Self::Json => {
                serde_json::to_string_pretty(value).ok().map(|text| text + "\n")
            }
        }
    }
}

/// The number of the line that this byte stands in, from 1.
fn line_of(text: &str, position: usize) -> u64 {
    let before = text.get(..position).unwrap_or(text);
    before.matches('\n').count() as u64 + 1
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use super::*;

    #[test]
    fn an_error_has_its_line_and_nothing_of_the_text() {
        let texts = [
            (Form::Toml, "a = 1\nkey = \"hunter2\nb = 2\n"),
            (Form::Toml, "a = 1\nhunter2\n"),
            (Form::Toml, "a = 1\na = \"hunter2\"\n"),
            (Form::Yaml, "a: 1\nkey: \"hunter2\" hunter2\n"),
            (Form::Yaml, "a: 1\nkey: *hunter2\n"),
            (Form::Json, "{\"a\": 1,\n\"key\": hunter2}"),
            (Form::Json, "{\"a\": 1,\n\"key\": \"hunter2}"),
        ];
        for (form, text) in texts {
            let flaw = form.parse(text).unwrap_err();
            assert_eq!(flaw, Flaw::Line(2), "{form:?} {text}");
            assert!(!format!("{flaw} {flaw:?}").contains("hunter2"));
        }
    }

    #[test]
    fn a_text_that_would_grow_without_measure_is_refused() {
        let mut yaml = "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n".to_owned();
        for number in 1..12 {
            let last = format!("*a{}", number - 1);
            let all = [last.as_str(); 10].join(",");
            writeln!(yaml, "a{number}: &a{number} [{all}]").unwrap();
        }
        Form::Yaml.parse(&yaml).unwrap_err();
        Form::Yaml.parse(&"[".repeat(100_000)).unwrap_err();
        Form::Json.parse(&"[".repeat(100_000)).unwrap_err();
        Form::Toml.parse(&format!("a = {}", "[".repeat(100_000))).unwrap_err();
    }

    #[test]
    fn an_empty_text_says_nothing() {
        assert!(Form::Toml.parse("").unwrap().as_object().unwrap().is_empty());
        assert_eq!(Form::Yaml.parse("# nothing\n"), Ok(Value::Null));
    }
}

//! Sentences as data: a key of the catalogue and the words that fill its `{placeholders}`.

use std::collections::BTreeMap;

/// The words that fill a template, by placeholder.
pub(in crate::verdict) type Arguments = BTreeMap<&'static str, String>;

/// A sentence of the catalogue, before it is put into a language.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::verdict) struct Text {
    key: &'static str,
    arguments: Arguments,
}

impl Text {
    /// The sentence of this key.
    pub(in crate::verdict) fn new(key: &'static str) -> Self {
        Self { key, arguments: Arguments::new() }
    }

    /// The same sentence with a placeholder filled.
    #[must_use]
    pub(in crate::verdict) fn with(
        mut self,
        placeholder: &'static str,
        word: impl std::fmt::Display,
    ) -> Self {
        self.arguments.insert(placeholder, word.to_string());
        self
    }

    /// The same words in another sentence.
    #[must_use]
    pub(in crate::verdict) fn with_key(self, key: &'static str) -> Self {
        Self { key, ..self }
    }

    pub(in crate::verdict) fn key(&self) -> &'static str {
        self.key
    }

    pub(in crate::verdict) fn arguments(&self) -> &Arguments {
        &self.arguments
    }
}

/// The template with its placeholders filled; one that has no word becomes a general one.
pub(in crate::verdict) fn render(template: &str, arguments: &Arguments) -> String {
    fill(template, |before, name| {
        arguments.get(name).cloned().unwrap_or_else(|| general_word(before, name))
    })
}

/// As [`render`], for a command: a placeholder without a word stays one, as manuals write it.
pub(in crate::verdict) fn render_command(template: &str, arguments: &Arguments) -> String {
    fill(template, |_, name| {
        pasteable(arguments, name).cloned().unwrap_or_else(|| name.to_uppercase())
    })
}

/// Whether every placeholder of a command has a word that may be pasted into a shell.
pub(in crate::verdict) fn is_complete(command: &str, arguments: &Arguments) -> bool {
    let missing = std::cell::Cell::new(false);
    fill(command, |_, name| {
        missing.set(missing.get() || pasteable(arguments, name).is_none());
        String::new()
    });
    !missing.get()
}

fn pasteable<'a>(arguments: &'a Arguments, name: &str) -> Option<&'a String> {
    arguments.get(name).filter(|word| is_safe_in_a_shell(word))
}

/// Replaces each `{name}` by the word for what stands before it and the name; braces that enclose
/// anything else stay as they are.
fn fill(template: &str, word: impl Fn(&str, &str) -> String) -> String {
    let mut out = String::with_capacity(template.len());
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        out.push_str(before);
        match after.split_once('}') {
            Some((name, tail)) if is_placeholder(name) => {
                let word = word(&out, name);
                if word.is_empty() && out.ends_with(' ') {
                    out.pop();
                }
                out.push_str(&word);
                rest = tail;
            }
            _ => {
                out.push('{');
                rest = after;
            }
        }
    }
    out.push_str(rest);
    out
}

fn is_placeholder(name: &str) -> bool {
    !name.is_empty() && name.chars().all(|c| c.is_ascii_lowercase() || c == '_')
}

/// Commands are made to be pasted, so a process's name must not be able to add one of its own.
fn is_safe_in_a_shell(word: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || "._-:/@[]".contains(c);
    !word.is_empty() && !word.starts_with('-') && word.chars().all(plain)
}

/// What a placeholder stands for when nothing more exact is known: nothing where the sentence has
/// just said the word.
fn general_word(before: &str, name: &str) -> String {
    match name {
        said if before.trim_end().ends_with(said) => String::new(),
        "hub" => "the IoT Hub".to_owned(),
        "pid" => "PID".to_owned(),
        other => format!("the {}", other.replace('_', " ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_are_filled_or_general() {
        let words = Arguments::from([("port", "443".to_owned())]);
        assert_eq!(render("{port} is held by {process}.", &words), "443 is held by the process.");
        assert_eq!(render_command("systemctl stop {unit}", &words), "systemctl stop UNIT");
        assert_eq!(render("the gateway {gateway} answers", &words), "the gateway answers");
    }

    #[test]
    fn other_braces_stay() {
        let words = Arguments::new();
        let json = r#"{"dns": ["{resolver}"]}"#;
        assert_eq!(render(json, &words), r#"{"dns": ["the resolver"]}"#);
        assert_eq!(render("a { b", &words), "a { b");
    }

    #[test]
    fn a_hostile_name_cannot_add_a_command() {
        let words = Arguments::from([("unit", "x; rm -rf /".to_owned())]);
        assert_eq!(render_command("systemctl stop {unit}", &words), "systemctl stop UNIT");
    }
}

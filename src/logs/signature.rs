//! Signatures: the texts that the runtime and the engine write, as data.

use serde::{Deserialize, Serialize};

use crate::verdict::{CauseId, Documented, Effect};

/// A file of signatures.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SignatureFile {
    #[serde(default)]
    pub(super) signature: Vec<Signature>,
}

/// One text, or several spellings of one, and what it means.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Signature {
    /// What scripts know it by: lower case words joined by hyphens.
    pub id: String,
    /// The text as it is written, with `{placeholders}` where it varies.
    #[serde(default)]
    pub text: Vec<String>,
    /// The same as regular expressions, for what a text with placeholders cannot say.
    #[serde(default)]
    pub pattern: Vec<String>,
    /// Texts that must not stand in the same message.
    #[serde(default)]
    pub not: Vec<String>,
    #[serde(default)]
    pub role: Role,
    /// Whose connection a line of the roles `attempt`, `failure` and `success` is about.
    #[serde(default)]
    pub party: Option<Party>,
    /// For the role `outcome`: which course of attempts it names.
    #[serde(default)]
    pub outcome: Option<Outcome>,
    /// The causes that it points to, the most likely first. One alone is decided by the text.
    #[serde(default)]
    pub candidates: Vec<CauseId>,
    /// The sentence of the first candidate's page that it stands for, which chooses the remedies.
    #[serde(default)]
    pub variant: Option<String>,
    /// What it means for the device while it lasts.
    #[serde(default = "blocks")]
    pub effect: Effect,
    /// The finding in a sentence, with the same placeholders.
    #[serde(default)]
    pub says: String,
    /// The same sentence in French; where it is absent, `says` stands in every language.
    #[serde(default)]
    pub says_fr: Option<String>,
    /// What is known without being read: `details.holder = "container"`.
    #[serde(default)]
    pub details: std::collections::BTreeMap<String, String>,
    /// The ids of the signatures that end it.
    #[serde(default)]
    pub until: Vec<String>,
    /// Whether the line comes again and again while the fault lasts.
    #[serde(default)]
    pub repeats: bool,
    /// Whether it counts only while no connection to IoT Hub stands: one that stands mends itself.
    #[serde(default)]
    pub unless_connected: bool,
    /// The versions that write it.
    #[serde(default)]
    pub versions: String,
    /// Where the text is known from.
    #[serde(default)]
    pub source: String,
    /// Where the symptom is documented; the cause's own page when absent.
    #[serde(default)]
    pub documented: Option<Documented>,
}

fn blocks() -> Effect {
    Effect::Blocks
}

/// What a line tells.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Something is wrong.
    #[default]
    Fault,
    /// A process begins anew.
    Start,
    /// A connection is attempted; captures `via`.
    Attempt,
    /// An attempt has failed.
    Failure,
    /// A connection stands, or a module runs.
    Success,
    /// No text: the name of a course that attempts took.
    Outcome,
}

/// Who connects.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Party {
    EdgeAgent,
    EdgeHub,
}

/// The course that attempts to connect took.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// Each attempt lasted until its timeout.
    Silent,
    /// Each attempt ended at once.
    Refused,
    /// Some lasted and some did not.
    Mixed,
    /// Nothing tells how long they lasted.
    Untimed,
    /// The first choice failed, the second connected.
    Fallback,
}

/// What may stand in braces, and which characters it stands for.
pub(super) const PLACEHOLDERS: [(&str, &str); 21] = [
    ("address", r"[0-9A-Fa-f.:*\[\]]*"),
    ("any", r".*?"),
    ("bridge", r"[A-Za-z0-9._-]+"),
    ("client", r"[^\s,]+"),
    ("container", NAME),
    ("host", NAME),
    ("hub", NAME),
    ("id", r"[0-9a-f]*"),
    ("image", NAME),
    ("module", NAME),
    ("network", NAME),
    ("number", r"[0-9]+"),
    ("pid", r"[0-9]+"),
    ("platform", r"[A-Za-z0-9/._-]+(?: [0-9.]+)?"),
    ("port", r"[0-9]{1,5}"),
    ("process", NAME),
    ("registry", NAME),
    ("status", r"[0-9]{3}"),
    ("subnet", r"[0-9A-Fa-f.:/]+"),
    ("time", r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]+(?:Z|[+-][0-9:]+)"),
    ("via", r"[A-Za-z_]+(?: over WebSockets?)?"),
];

const NAME: &str = r#"[^\s"'`\\,;(){}]+"#;

/// The placeholder of this name.
pub(super) fn placeholder(name: &str) -> Option<&'static str> {
    PLACEHOLDERS.iter().map(|(known, _)| *known).find(|known| *known == name)
}

/// The placeholders whose words say nothing that is worth keeping.
const UNKEPT: [&str; 3] = ["any", "id", "number"];

/// A text with placeholders as a regular expression. Errors name the placeholder.
pub(super) fn expression(text: &str) -> Result<String, String> {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        out += &regex::escape(before);
        let (name, tail) =
            after.split_once('}').ok_or_else(|| "a brace is not closed".to_owned())?;
        let known = PLACEHOLDERS.iter().find(|(placeholder, _)| *placeholder == name);
        let (name, characters) = known.ok_or_else(|| {
            let names: Vec<&str> = PLACEHOLDERS.iter().map(|(name, _)| *name).collect();
            format!("{{{name}}} is no placeholder; there are {}", names.join(", "))
        })?;
        let group = if UNKEPT.contains(name) {
            format!("(?:{characters})")
        } else {
            format!("(?P<{name}>{characters})")
        };
        out.push_str(&group);
        rest = tail;
    }
    Ok(out + &regex::escape(rest))
}

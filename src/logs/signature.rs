//! Signatures: the texts that the runtime and the engine write, as data.

use edgeprobe_facts::logs::{Course, Party};
use serde::{Deserialize, Serialize};

use super::writer::Place;
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
#[expect(clippy::struct_excessive_bools, reason = "each is a line of the file on its own")]
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
    /// How much its text says: whether a cause follows, or an error's own words stand for more.
    #[serde(default)]
    pub part: Part,
    /// Whose connection a line of the roles `attempt`, `failure` and `success` is about.
    #[serde(default)]
    pub party: Option<Party>,
    /// For the role `outcome`: which course of attempts it names.
    #[serde(default)]
    pub outcome: Option<Course>,
    /// The causes that it points to, the most likely first. One alone is decided by the text.
    #[serde(default)]
    pub candidates: Vec<CauseId>,
    /// The sentence of the first candidate's page that it stands for, which chooses the remedies.
    #[serde(default)]
    pub variant: Option<String>,
    /// What the same text means where a daemon or the engine writes it, which run on the host.
    #[serde(default)]
    pub host: Option<OnTheHost>,
    /// Whether it is an error of a connection, to which the lines around it add their peer.
    #[serde(default)]
    pub connection: bool,
    /// Whether it counts only where a line around it names the peer.
    #[serde(default)]
    pub needs_peer: bool,
    /// Whether errors of a connection in the same chain are of the device's own sockets.
    #[serde(default)]
    pub local: bool,
    /// The cause that an error of a connection in the same chain points to first, since this text
    /// names the peer.
    #[serde(default)]
    pub peer: Option<CauseId>,
    /// Whether such an error then points to this cause alone.
    #[serde(default)]
    pub peer_alone: bool,
    /// The signature that stands in its place where a module of the user's writes it: its peer is
    /// Edge Hub.
    #[serde(default)]
    pub by_module: Option<String>,
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

/// How much a text says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Part {
    /// It names no cause: one that follows decides.
    Wraps,
    /// The words or the number of an error, which mean the same in every text.
    Error,
    /// It says all.
    #[default]
    Whole,
}

/// What a text means where the host's daemons or its engine write it. What is absent is the same.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OnTheHost {
    pub candidates: Vec<CauseId>,
    #[serde(default)]
    pub variant: Option<String>,
    #[serde(default)]
    pub says: Option<String>,
    #[serde(default)]
    pub says_fr: Option<String>,
    #[serde(default)]
    pub until: Vec<String>,
}

impl Signature {
    /// The causes that it points to where it is written there.
    pub(super) fn candidates_at(&self, place: Option<Place>) -> &[CauseId] {
        self.at(place).map_or(&self.candidates, |host| &host.candidates)
    }

    pub(super) fn variant_at(&self, place: Option<Place>) -> Option<&String> {
        self.at(place).map_or(self.variant.as_ref(), |host| host.variant.as_ref())
    }

    /// The signatures that end it where it is written there.
    pub(super) fn until_at(&self, place: Option<Place>) -> &[String] {
        self.at(place).filter(|host| !host.until.is_empty()).map_or(&self.until, |host| &host.until)
    }

    /// Whether no connection of Edge Agent's or Edge Hub's tells that it is over.
    pub(super) fn counts_while_connected(&self, place: Option<Place>) -> bool {
        !self.unless_connected || self.at(place).is_some()
    }

    pub(super) fn at(&self, place: Option<Place>) -> Option<&OnTheHost> {
        self.host.as_ref().filter(|_| place == Some(Place::Host))
    }
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
    /// Who writes the log, and around an error, whom it was to connect to.
    Context,
    /// No text: a cause that a line names, and that no signature has.
    Unknown,
    /// No text: it replaces another signature where a module of the user writes the line.
    Instead,
}

/// What may stand in braces, and which characters it stands for.
pub(super) const PLACEHOLDERS: [(&str, &str); 24] = [
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
    ("reason", r#"[^"\\]{1,120}"#),
    ("registry", NAME),
    ("server", r"[0-9A-Fa-f.:]*[0-9A-Fa-f]"),
    ("status", r"[0-9]{3}"),
    ("subnet", r"[0-9A-Fa-f.:/]+"),
    ("table", r"[a-z]+"),
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

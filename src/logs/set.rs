//! A set of signatures, checked and made ready to search with.

use std::collections::BTreeSet;
use std::fmt;

use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};
use edgeprobe_facts::logs::{Course, Party};
use regex::bytes::{Regex, RegexBuilder};
use regex_syntax::ParserBuilder;

use super::literal::required;
use super::signature::{Role, Signature, SignatureFile, expression, placeholder};
use crate::language::Language;
use crate::verdict::entry;

/// The signatures that are compiled in, one file for each family.
const BUILT_IN: [(&str, &str); 11] = [
    ("attempts.toml", include_str!("signatures/attempts.toml")),
    ("connection.toml", include_str!("signatures/connection.toml")),
    ("engine.toml", include_str!("signatures/engine.toml")),
    ("images.toml", include_str!("signatures/images.toml")),
    ("names.toml", include_str!("signatures/names.toml")),
    ("sockets.toml", include_str!("signatures/sockets.toml")),
    ("tls.toml", include_str!("signatures/tls.toml")),
    ("proxies.toml", include_str!("signatures/proxies.toml")),
    ("ports.toml", include_str!("signatures/ports.toml")),
    ("provisioning.toml", include_str!("signatures/provisioning.toml")),
    ("check.toml", include_str!("signatures/check.toml")),
];

/// A user's file is read whole; one with a thousand signatures has less than this.
pub const LARGEST_FILE: u64 = 1 << 20;

/// Bytes that one expression may take when it is compiled.
const LARGEST_EXPRESSION: usize = 1 << 20;

/// How a message begins that the journal's JSON has as a list of bytes.
const BYTES: &str = "\"MESSAGE\":[";

/// How a cause begins in what the daemons write: an unknown cause is reported too.
const CAUSE: &str = "caused by: ";

/// A file of signatures that cannot be used.
#[derive(Debug, thiserror::Error)]
pub struct SignatureError {
    /// The file's name.
    file: String,
    /// The signature, where it is one's.
    signature: Option<String>,
    what: String,
}

impl fmt::Display for SignatureError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.file)?;
        if let Some(id) = &self.signature {
            write!(f, "signature `{id}`: ")?;
        }
        f.write_str(&self.what)
    }
}

/// Signatures to search with.
#[derive(Debug)]
pub struct Signatures {
    all: Vec<Signature>,
    expressions: Vec<Expression>,
    /// Finds the first piece in a block, fast.
    scout: AhoCorasick,
    /// Finds every piece in a message.
    sorter: AhoCorasick,
    /// The expressions that each piece belongs to.
    of_piece: Vec<Vec<usize>>,
}

#[derive(Debug)]
struct Expression {
    signature: usize,
    regex: Regex,
}

/// A signature that a message matches, with the words that it captured.
#[derive(Debug)]
pub(super) struct Match<'m> {
    pub(super) signature: usize,
    pub(super) words: Vec<(&'static str, &'m [u8])>,
}

impl Signatures {
    /// The built-in signatures and those of a user's file.
    ///
    /// Errors name the file, the signature and what is wrong with it.
    pub fn load(own: Option<(&str, &str)>) -> Result<Self, SignatureError> {
        let mut all: Vec<Signature> = Vec::new();
        for (file, text) in BUILT_IN.into_iter().chain(own) {
            let error = |signature: Option<&Signature>, what: String| SignatureError {
                file: file.to_owned(),
                signature: signature.map(|signature| clean(&signature.id)),
                what,
            };
            let parsed: SignatureFile =
                toml::from_str(text).map_err(|problem| error(None, told(&problem, text)))?;
            if parsed.signature.is_empty() {
                return Err(error(None, "it has no [[signature]]".to_owned()));
            }
            for signature in parsed.signature {
                if all.iter().any(|other| other.id == signature.id) {
                    return Err(error(Some(&signature), "the id is taken".to_owned()));
                }
                check(&signature).map_err(|what| error(Some(&signature), what))?;
                all.push(signature);
            }
        }
        check_names(&all).map_err(|(signature, what)| SignatureError {
            file: own.map_or("the built-in signatures", |(file, _)| file).to_owned(),
            signature: Some(clean(&signature.id)),
            what,
        })?;
        Self::compile(all, own.map_or("the built-in signatures", |(file, _)| file))
    }

    fn compile(all: Vec<Signature>, file: &str) -> Result<Self, SignatureError> {
        let mut expressions = Vec::new();
        // What the journal wrote as bytes has no text before it is unwrapped.
        let mut pieces: Vec<String> = vec![BYTES.to_owned(), CAUSE.to_owned()];
        let mut of_piece: Vec<Vec<usize>> = vec![Vec::new(), Vec::new()];
        for (index, signature) in all.iter().enumerate() {
            let error = |what: String| SignatureError {
                file: file.to_owned(),
                signature: Some(clean(&signature.id)),
                what,
            };
            for source in sources(signature).map_err(&error)? {
                let (regex, wanted) = compiled(&source).map_err(&error)?;
                for piece in wanted {
                    let place = pieces.iter().position(|known| *known == piece);
                    let place = place.unwrap_or_else(|| {
                        pieces.push(piece);
                        of_piece.push(Vec::new());
                        pieces.len() - 1
                    });
                    if let Some(list) = of_piece.get_mut(place) {
                        list.push(expressions.len());
                    }
                }
                expressions.push(Expression { signature: index, regex });
            }
        }
        let too_many = |problem: aho_corasick::BuildError| SignatureError {
            file: file.to_owned(),
            signature: None,
            what: format!("the texts are too many: {problem}"),
        };
        let scout = AhoCorasick::builder()
            .match_kind(MatchKind::LeftmostFirst)
            // A row for each state, which is a megabyte, and a single step for each byte.
            .kind(Some(AhoCorasickKind::DFA))
            .build(&pieces)
            .map_err(too_many)?;
        let sorter = AhoCorasick::new(&pieces).map_err(too_many)?;
        Ok(Self { all, expressions, scout, sorter, of_piece })
    }

    /// Every signature, in the order of the files.
    pub fn all(&self) -> &[Signature] {
        &self.all
    }

    pub(super) fn get(&self, index: usize) -> Option<&Signature> {
        self.all.get(index)
    }

    /// The signature that names a course of attempts.
    pub(super) fn course(&self, party: Party, course: Course) -> Option<usize> {
        self.all.iter().position(|signature| {
            signature.party == Some(party) && signature.outcome == Some(course)
        })
    }

    /// The signature for a cause that no other knows.
    pub(super) fn unknown(&self) -> Option<usize> {
        self.all.iter().position(|signature| signature.role == Role::Unknown)
    }

    pub(super) fn position(&self, id: &str) -> Option<usize> {
        self.all.iter().position(|signature| signature.id == id)
    }

    /// Where a piece of a signature's text begins, at or after `from`.
    pub(super) fn next(&self, block: &[u8], from: usize) -> Option<usize> {
        let input = aho_corasick::Input::new(block).range(from..);
        self.scout.find(input).map(|found| found.start())
    }

    /// The signatures that a message matches, each once.
    pub(super) fn matches<'m>(&self, message: &'m [u8]) -> Vec<Match<'m>> {
        let mut tried = BTreeSet::new();
        for piece in self.sorter.find_overlapping_iter(message) {
            if let Some(list) = self.of_piece.get(piece.pattern().as_usize()) {
                tried.extend(list.iter().copied());
            }
        }
        let mut matches: Vec<Match<'m>> = Vec::new();
        for expression in tried.into_iter().filter_map(|index| self.expressions.get(index)) {
            let known = matches.iter().any(|other| other.signature == expression.signature);
            let excluded = self.get(expression.signature).is_none_or(|signature| {
                signature
                    .not
                    .iter()
                    .any(|text| memchr::memmem::find(message, text.as_bytes()).is_some())
            });
            if known || excluded {
                continue;
            }
            if let Some(captures) = expression.regex.captures(message) {
                let words = expression.regex.capture_names().flatten().filter_map(|name| {
                    let word = captures.name(name)?.as_bytes();
                    Some((placeholder(name)?, word))
                });
                let words = words.filter(|(_, word)| !word.is_empty()).collect();
                matches.push(Match { signature: expression.signature, words });
            }
        }
        matches
    }
}

/// What is wrong with the signatures that a signature names.
fn check_names(all: &[Signature]) -> Result<(), (&Signature, String)> {
    let ids: BTreeSet<&str> = all.iter().map(|signature| signature.id.as_str()).collect();
    for signature in all {
        let host = signature.host.iter().flat_map(|host| &host.until);
        let until = host.chain(&signature.until).map(|id| ("until", id));
        let named = until.chain(signature.by_module.iter().map(|id| ("by_module", id)));
        for (field, id) in named {
            if !ids.contains(id.as_str()) {
                let what = format!("`{field}` names `{}`, which is not there", clean(id));
                return Err((signature, what));
            }
        }
    }
    Ok(())
}

/// What is wrong with a signature by itself.
fn check(signature: &Signature) -> Result<(), String> {
    let id = &signature.id;
    if id.is_empty()
        || !id.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
    {
        return Err("an id has lower case letters, digits and hyphens".to_owned());
    }
    let has_text = !signature.text.is_empty() || !signature.pattern.is_empty();
    let is_without = matches!(signature.role, Role::Outcome | Role::Unknown | Role::Instead);
    if has_text == is_without {
        return Err("it needs a `text` or a `pattern`, and an outcome has neither".to_owned());
    }
    let tells = is_without || signature.role == Role::Fault;
    if tells && signature.candidates.is_empty() && signature.documented.is_none() {
        return Err("it needs `candidates`, causes that `edgeprobe explain` lists; or, if the \
                    network is not at fault, `documented`"
            .to_owned());
    }
    let host = signature.host.as_ref();
    let of_host = host.and_then(|host| Some((host.variant.as_ref()?, &host.candidates)));
    let own = signature.variant.as_ref().map(|variant| (variant, &signature.candidates));
    for (variant, candidates) in own.into_iter().chain(of_host) {
        let of = candidates.first().map(|id| entry(*id, Language::English));
        if !of.is_some_and(|page| page.has_sentence(variant)) {
            let what = "is no sentence of the first candidate's page";
            return Err(format!("`variant`: `{}` {what}", clean(variant)));
        }
    }
    if tells && signature.says.is_empty() {
        return Err("it needs `says`: the finding in a sentence".to_owned());
    }
    if tells && (signature.versions.is_empty() || signature.source.is_empty()) {
        return Err("it needs `versions` that write it and a `source`".to_owned());
    }
    if matches!(signature.role, Role::Attempt | Role::Failure) && signature.party.is_none() {
        return Err("it needs a `party`: edge-agent or edge-hub".to_owned());
    }
    if signature.role == Role::Outcome && (signature.party.is_none() || signature.outcome.is_none())
    {
        return Err("it needs a `party` and an `outcome`".to_owned());
    }
    Ok(())
}

/// The expressions of a signature.
fn sources(signature: &Signature) -> Result<Vec<String>, String> {
    // What draws words out of a line comes before a text that it holds.
    let mut sources = signature.pattern.clone();
    for text in &signature.text {
        sources.push(expression(text).map_err(|what| format!("`{}`: {what}", clean(text)))?);
    }
    Ok(sources)
}

/// An expression, and the pieces that its matches contain.
fn compiled(source: &str) -> Result<(Regex, Vec<String>), String> {
    let wrong = |problem: String| {
        // The library draws the expression over several lines; its last one has the reason.
        let reason = problem.lines().last().unwrap_or_default().trim().to_owned();
        format!("`{}` cannot be used: {}", clean(source), clean(&reason))
    };
    let regex = RegexBuilder::new(source)
        .unicode(false)
        .size_limit(LARGEST_EXPRESSION)
        .build()
        .map_err(|problem| wrong(problem.to_string()))?;
    let hir = ParserBuilder::new()
        .unicode(false)
        .utf8(false)
        .build()
        .parse(source)
        .map_err(|problem| wrong(problem.to_string()))?;
    let pieces = required(&hir).ok_or_else(|| {
        format!(
            "`{}` has no fixed text of five characters that every match contains; every line \
             would have to be tried",
            clean(source)
        )
    })?;
    Ok((regex, pieces))
}

/// A TOML error in a line, with the place.
fn told(problem: &toml::de::Error, text: &str) -> String {
    let line = problem.span().map(|span| {
        let before = text.get(..span.start).unwrap_or_default();
        format!("line {}: ", before.matches('\n').count() + 1)
    });
    format!("{}{}", line.unwrap_or_default(), clean(problem.message()))
}

fn clean(text: &str) -> String {
    edgeprobe_facts::clean::line(&edgeprobe_facts::mask::mask(text), 160)
}

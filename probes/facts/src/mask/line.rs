//! Where the secrets of a text stand, and the text without them.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;

use super::view::View;
use super::{MASK, address, assigned, commands, forms, members, pairs, shape};
use crate::clean;

/// What a text must have for a secret to be in it. Most lines have none of it, and are asked once.
static TRACE: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let words = concat!(
        "pass|pwd|psk|secret|token|key|cl[ée]|clef|clave|chiave|schl|sleutel|jeton|mdp|sig|sas|auth|",
        "autor|cookie|cred|bearer|basic|negotiate|ntlm|sharedaccess|kennwort|contrase|senha|parola|",
        "wachtwoord|has[łl]o|geheim|zugang|chave|llave|chiavi|identifiants|пароль|ключ|密|パスワード|",
        "비밀번호|salt|nonce|community|assertion|securestring|private|code [cdps]|",
        "login|curl|wget|xh -|https? -|mysql|mosquitto|sqlcmd|redis-|plink|pscp|ldap|snmp|stdin|nmcli|zip -",
    );
    // Short words stand in many others: they must be a name's last, and a value must follow.
    let short = r#"(?:otp|jwt|pin|pat|pw|pks?|sk|enc|aead|kek|dek|ikm|seed|code)[\w-]{0,8}["'\\\])]{0,3}\s{0,3}[=:>,：]"#;
    let options = r"-{1,2}(?:otp|jwt|pin|pat|pw|pk|sk|seed)\b|enc |aead ";
    let forms = concat!(
        r"eyJ[A-Za-z0-9_-]{8}|gh[opusr]_|glpat-|dckr_|npm_|xox[a-z]-|AIza|_live_|_test_|hv[sb]\.|AKIA|",
        r"ASIA|[0-9]Q~|\$[0-9a-z]+\$|MI[IGHC]|M[HC][cg4]C"
    );
    let shapes = r"[A-Za-z0-9+/_-]{40}|[A-Za-z0-9+/_-]{28,}=|:[^\s]*@|//[^\s]*@";
    Regex::new(&format!("(?i:{words}|{short}|{options})|{forms}|{shapes}")).ok()
});

/// What is known of a text from the lines before it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Before {
    /// A telling name stood last.
    pub(super) telling: bool,
    /// A member named a secret, whose value is another member.
    pub(super) named: bool,
    /// What looks like a key is part of a certificate.
    pub(super) public: bool,
}

/// What was found in a text.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// Apart from each other and in order.
    pub(super) secrets: Vec<Range<usize>>,
    /// Its last telling name awaits a value.
    pub(super) awaits: bool,
    /// A member names a secret whose value is not there.
    pub(super) names: bool,
}

/// The text with every secret in it replaced by an ellipsis.
pub fn mask(text: &str) -> Cow<'_, str> {
    without(text, &find(text, Before::default()).secrets)
}

/// The text in one line, without its secrets, and cut to so many characters.
pub fn line(text: &str, limit: usize) -> String {
    // Masked before it is cut, so that no secret's begin is left at the cut.
    clean::line(&mask(text), limit)
}

/// The text without its secrets and without anything that looks like a key: a user may have typed one
/// where it has no place, and with no name.
pub fn typed(text: &str) -> Cow<'_, str> {
    without(text, &find(text, Before { telling: true, ..Before::default() }).secrets)
}

/// How much of a text is looked at at once, in bytes: the time that a name takes grows with what may
/// be its value.
const AT_ONCE: usize = 16 * 1024;

/// What there is in a text.
pub(super) fn find(text: &str, before: Before) -> Found {
    if text.len() <= AT_ONCE {
        return find_in(text, before);
    }
    let mut all = Found::default();
    let mut start = 0;
    while let Some(rest) = text.get(start..).filter(|rest| !rest.is_empty()) {
        let most = rest.floor_char_boundary(AT_ONCE);
        let part = rest.get(..most).unwrap_or(rest);
        // Where it can be, between two words.
        let end = if most < rest.len() { part.rfind(char::is_whitespace) } else { None };
        let end = end.filter(|end| *end > AT_ONCE / 2).unwrap_or(part.len());
        let found = find_in(part.get(..end).unwrap_or(part), before);
        all.secrets.extend(found.secrets.into_iter().map(|it| start + it.start..start + it.end));
        (all.awaits, all.names) = (found.awaits, found.names);
        start += end;
    }
    all
}

/// What there is in a text, read as it is and without its encodings.
fn find_in(text: &str, before: Before) -> Found {
    let mut found = Found::default();
    let view = View::parse(text);
    let plain = view.as_ref().map(|view| view.text.as_str());
    if !before.telling && !before.named && !has_a_trace(text) && !plain.is_some_and(has_a_trace) {
        return found;
    }
    let mut secrets = Vec::new();
    search(text, before, &mut found, &mut |range| secrets.push(range));
    if let Some(view) = &view {
        search(&view.text, before, &mut found, &mut |range| secrets.push(view.source(&range)));
    }
    found.secrets = apart(secrets);
    found
}

fn has_a_trace(text: &str) -> bool {
    TRACE.as_ref().is_none_or(|trace| trace.is_match(text))
}

fn search(text: &str, before: Before, found: &mut Found, add: &mut impl FnMut(Range<usize>)) {
    forms::forms(text, add);
    found.awaits |= assigned::assigned(text, add);
    found.awaits |= commands::commands(text, add) || members::opens_an_element(text);
    pairs::pairs(text, add);
    found.names |= members::members(text, before.named, add);
    address::addresses(text, add);
    if !before.public {
        shape::keys(text, before.telling, add);
    }
}

/// The ranges without what they have in common.
fn apart(mut ranges: Vec<Range<usize>>) -> Vec<Range<usize>> {
    ranges.retain(|range| !range.is_empty());
    ranges.sort_by_key(|range| (range.start, range.end));
    let mut apart: Vec<Range<usize>> = Vec::new();
    for range in ranges {
        match apart.last_mut() {
            Some(last) if range.start <= last.end => last.end = last.end.max(range.end),
            _ => apart.push(range),
        }
    }
    apart
}

/// The text with a mark in place of each of these parts.
pub(super) fn without<'t>(text: &'t str, secrets: &[Range<usize>]) -> Cow<'t, str> {
    if secrets.is_empty() {
        return Cow::Borrowed(text);
    }
    let mut masked = String::with_capacity(text.len());
    let mut from = 0;
    for secret in secrets {
        masked += text.get(from..secret.start).unwrap_or_default();
        // Two that touch are one.
        if !masked.ends_with(MASK) || from < secret.start {
            masked.push(MASK);
        }
        from = secret.end;
    }
    Cow::Owned(masked + text.get(from..).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn most_lines_are_asked_once() {
        assert!(TRACE.is_some());
        for line in [
            "2026-11-24 22:00:00.335 +00:00 [INF] - Edge agent connected to IoT Hub via Amqp_Tcp_Only.",
            "contoso.azure-devices.net",
            "https://mcr.microsoft.com/v2/azureiotedge-agent/manifests/1.5: timed out",
            "Bind for 0.0.0.0:443 failed: port is already allocated",
        ] {
            assert!(!has_a_trace(line), "{line}");
        }
    }
}

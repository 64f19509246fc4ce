//! Secrets with a distinct form: private keys, signatures, tokens of known services.

use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;

use super::assigned::is_unlike_a_word;

/// The secret is the group `secret` of a match, or all of it.
const FORMS: [&str; 9] = [
    // A private key, to its end or the text's (RFC 7468; four hyphens in SSH.com's own form).
    r"(?is)-{4,5} ?BEGIN [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)? ?-{4,5}(?<secret>.*?)(?:-{4,5} ?END [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)? ?-{4,5}|$)",
    r"(?is)PuTTY-User-Key-File-[0-9](?<secret>.*)",
    // A shared access signature names its hub, then signs.
    r#"(?i)SharedAccessSignature\s+(?<secret>sr=[^\s\\"'<>`]*)"#,
    // A JSON Web Token, encrypted ones too.
    r"\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*(?:\.[A-Za-z0-9_-]*){0,3}",
    // Tokens that say whose they are: GitHub, GitLab, Docker Hub, npm, Slack, Google, Stripe, Vault, AWS.
    r"\b(?:gh[opusr]_[A-Za-z0-9]{20,}|github_pat_\w{20,}|glpat-[\w-]{16,}|dckr_[a-z]+_[\w-]{16,}|npm_[A-Za-z0-9]{20,}|xox[a-z]-[\w-]{10,}|AIza[\w-]{30,}|[sr]k_(?:live|test)_\w{16,}|hv[sb]\.[\w-]{20,}|(?:AKIA|ASIA)[A-Z0-9]{16})",
    // A client secret of Microsoft Entra ID.
    r"[A-Za-z0-9_.~-]{3}[0-9]Q~[A-Za-z0-9_.~-]{30,}",
    // A private key in DER and base64, without the lines around it: PKCS #1, PKCS #8, SEC 1, Ed25519.
    r"\b(?:MII[A-Za-z0-9+/]{2}(?:IBAAKC|gIBAAKC|QIBADANB|AIBADANB|gIBADANB|wIBADANB)|MI[GH][A-Za-z0-9+/]{1,2}AgEAM|MH[cg]CAQEE|MC4CAQAw)[A-Za-z0-9+/]{20,}={0,2}",
    // What `ip xfrm state` and `ip macsec show` say of a key.
    r"\b(?:auth(?:-trunc)?|enc|aead|comp|key)\s+[\w(),.-]+\s+(?<secret>0x[0-9a-fA-F]{16,})",
    // A crypted password of shadow(5).
    r"\$(?:1|2[aby]|5|6|7|y|argon2id?)\$[./A-Za-z0-9$,=]{8,}",
];

/// What follows a scheme of HTTP's authentication (RFC 9110, 11.1).
static SCHEME: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let schemes = "bearer|basic|negotiate|ntlm|sharedkey|sharedkeylite";
    Regex::new(&format!(r"(?i)\b(?:{schemes})\s+(?<secret>[a-z0-9._~+/:=-]{{8,}})")).ok()
});

static ALL: LazyLock<Vec<Regex>> =
    LazyLock::new(|| FORMS.iter().filter_map(|form| Regex::new(form).ok()).collect());

/// The secrets of a text that have a distinct form.
pub(super) fn forms(text: &str, add: &mut impl FnMut(Range<usize>)) {
    for form in ALL.iter() {
        for found in form.captures_iter(text) {
            if let Some(secret) = found.name("secret").or_else(|| found.get(0)) {
                add(secret.range());
            }
        }
    }
    for found in SCHEME.iter().flat_map(|scheme| scheme.captures_iter(text)) {
        if let Some(secret) = found.name("secret").filter(|it| is_sent(it.as_str())) {
            add(secret.range());
        }
    }
}

/// Whether this is what one signs in with: no word of a sentence, and no `name=value`.
fn is_sent(text: &str) -> bool {
    is_unlike_a_word(text) && !text.trim_end_matches('=').contains('=')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_patterns_compile() {
        assert_eq!((ALL.len(), SCHEME.is_some()), (FORMS.len(), true));
    }
}

//! What a registry asks for before it serves: the `WWW-Authenticate` header (RFC 9110, 11.6.1).

use edgeprobe_facts::registry::Challenge;

use crate::clean;

/// The longest realm and service that are kept, in characters.
const LONGEST: usize = 300;

/// The challenge in these headers' values: of several the one for a token, as the engine has it.
pub(super) fn read<'v>(values: impl Iterator<Item = &'v str>) -> Option<Challenge> {
    let challenges: Vec<Challenge> = values.filter_map(one).collect();
    let bearer = |challenge: &&Challenge| matches!(challenge, Challenge::Bearer { .. });
    challenges.iter().find(bearer).or(challenges.first()).cloned()
}

fn one(value: &str) -> Option<Challenge> {
    let (scheme, parameters) = value.trim().split_once(' ').unwrap_or((value.trim(), ""));
    if scheme.eq_ignore_ascii_case("basic") {
        return Some(Challenge::Basic);
    }
    if !scheme.eq_ignore_ascii_case("bearer") {
        return None;
    }
    let realm = parameter(parameters, "realm")?;
    Some(Challenge::Bearer { realm, service: parameter(parameters, "service") })
}

/// The value of `name="value"` or `name=value` in a list that commas separate.
fn parameter(list: &str, name: &str) -> Option<String> {
    let mut rest = list.trim_start();
    loop {
        let (key, after) = rest.split_once('=')?;
        let (value, tail) = value(after.trim_start());
        if key.trim().eq_ignore_ascii_case(name) {
            return Some(clean::line(&value, LONGEST));
        }
        rest = tail.trim_start().trim_start_matches(',').trim_start();
    }
}

/// The value at the beginning of the text, and what follows it.
fn value(text: &str) -> (String, &str) {
    let Some(quoted) = text.strip_prefix('"') else {
        let end = text.find([',', ' ']).unwrap_or(text.len());
        let (value, rest) = text.split_at(end);
        return (value.to_owned(), rest);
    };
    let mut value = String::new();
    let mut escaped = false;
    for (at, letter) in quoted.char_indices() {
        match letter {
            _ if escaped => {
                value.push(letter);
                escaped = false;
            }
            '\\' => escaped = true,
            '"' => return (value, quoted.get(at + 1..).unwrap_or_default()),
            _ => value.push(letter),
        }
    }
    (value, "")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn challenge(value: &str) -> Option<Challenge> {
        read([value].into_iter())
    }

    #[test]
    fn the_realm_and_the_service_are_read() {
        let azure = "Bearer realm=\"https://contoso.azurecr.io/oauth2/token\",service=\"contoso.azurecr.io\"";
        assert_eq!(
            challenge(azure),
            Some(Challenge::Bearer {
                realm: "https://contoso.azurecr.io/oauth2/token".to_owned(),
                service: Some("contoso.azurecr.io".to_owned()),
            })
        );
        let odd = "bearer error=\"a, realm=\\\"x\\\"\", Realm=https://a/t , scope=b";
        assert_eq!(
            challenge(odd),
            Some(Challenge::Bearer { realm: "https://a/t".to_owned(), service: None })
        );
    }

    #[test]
    fn a_token_is_preferred_to_credentials() {
        let both = ["Basic realm=\"a\"", "Bearer realm=\"https://b/\""];
        assert!(matches!(read(both.into_iter()), Some(Challenge::Bearer { .. })));
        assert_eq!(challenge("Basic"), Some(Challenge::Basic));
        assert_eq!(challenge("Negotiate"), None);
        assert_eq!(challenge("Bearer service=\"a\""), None);
    }

    proptest! {
        #[test]
        fn no_text_upsets_it(text: String) {
            let _ = challenge(&format!("Bearer {text}"));
        }
    }
}

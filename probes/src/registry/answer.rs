//! A registry's answer, read for a person: its own code and words, and whom it refuses.

use std::net::IpAddr;

use edgeprobe_facts::registry::{AnswerFacts, Part};
use edgeprobe_facts::{Failure, Step, Token};
use serde_json::Value;
use url::Url;

use crate::clean;
use crate::http::Message;

/// The longest words of a registry that are kept, in characters, and the longest page.
const WORDS: usize = 240;
const PAGE: usize = 120;

/// What an answer says.
pub(super) fn read(part: Part, message: &Message) -> AnswerFacts {
    let header = |name: &str| message.header(name).map(|value| clean::line(value, 120));
    let (code, words) = error(message);
    AnswerFacts {
        part,
        status: message.status,
        server: header("server"),
        via: header("via"),
        names_interface: message.header("docker-distribution-api-version").is_some(),
        redirected_to: location(message),
        code,
        message: words,
    }
}

/// The failure that an answer means which is no success.
pub(super) fn failure(answer: &AnswerFacts) -> Failure {
    let token = match answer.status {
        401 => Token::HttpUnauthorized,
        403 => Token::HttpForbidden,
        404 => Token::HttpNotFound,
        429 | 500..=599 => Token::HttpUnavailable,
        _ => Token::HttpNotRegistry,
    };
    Failure::new(Step::Http, token, said(answer))
}

/// The failure of an answer that no registry gives.
pub(super) fn not_a_registry(answer: &AnswerFacts) -> Failure {
    Failure::new(Step::Http, Token::HttpNotRegistry, said(answer))
}

/// The answer in a line.
pub(super) fn said(answer: &AnswerFacts) -> String {
    let mut line = format!("answered {}", answer.status);
    if let Some(place) = &answer.redirected_to {
        line = format!("{line}, a redirect to {place}");
    }
    match (&answer.code, &answer.message) {
        (Some(code), Some(words)) => format!("{line}: {code}: {words}"),
        (None, Some(words)) => format!("{line}: \"{words}\""),
        (Some(code), None) => format!("{line}: {code}"),
        (None, None) => match &answer.server {
            Some(server) => format!("{line} by {server}"),
            None => line,
        },
    }
}

/// Whether the greeting at `/v2/` is a registry's: it names the interface, answers in JSON, or asks
/// for credentials as registries do.
pub(super) fn greets_as_a_registry(message: &Message, has_challenge: bool) -> bool {
    let names_interface = message.header("docker-distribution-api-version").is_some();
    let json = serde_json::from_slice::<Value>(&message.body).is_ok();
    match message.status {
        401 => has_challenge,
        200 | 403 | 429 | 500..=599 => names_interface || json,
        _ => false,
    }
}

/// The address by which a registry's firewall knows this site, from its own words
/// (<https://github.com/Azure/acr/issues/633>).
pub(super) fn refused_address(answer: &AnswerFacts) -> Option<IpAddr> {
    let words = answer.message.as_deref()?;
    let (_, after) = words.split_once("client with IP ")?;
    let quoted = after.trim_start_matches(['\'', '"']);
    let end = quoted.find(|c: char| !(c.is_ascii_hexdigit() || c == '.' || c == ':'))?;
    let (address, rest) = quoted.split_at(end);
    rest.contains("not allowed").then(|| address.parse().ok()).flatten()
}

/// The code and the words of an error: the distribution's own form, and those of token services.
fn error(message: &Message) -> (Option<String>, Option<String>) {
    if message.status < 300 {
        return (None, None);
    }
    let text = |value: Option<&Value>, limit: usize| {
        let line = clean::line(value?.as_str()?, limit);
        (!line.is_empty()).then_some(line)
    };
    let Ok(body) = serde_json::from_slice::<Value>(&message.body) else {
        let page = clean::bytes(&message.body, PAGE);
        return (None, (!page.is_empty()).then_some(page));
    };
    if let Some(first) = body.get("errors").and_then(|errors| errors.get(0)) {
        return (text(first.get("code"), 60), text(first.get("message"), WORDS));
    }
    let words = ["error_description", "details", "message", "detail"];
    let words = words.iter().find_map(|name| text(body.get(*name), WORDS));
    (text(body.get("error"), 60), words)
}

/// Where a redirect leads: scheme and host, without the path, which may be signed.
fn location(message: &Message) -> Option<String> {
    if !(300..400).contains(&message.status) {
        return None;
    }
    let location = message.header("location")?;
    let place = match Url::parse(location) {
        Ok(url) => format!("{}://{}", url.scheme(), url.host_str().unwrap_or_default()),
        Err(_) => "another path".to_owned(),
    };
    Some(clean::line(&place, 260))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(message: &str) -> AnswerFacts {
        AnswerFacts {
            part: Part::Image,
            status: 403,
            server: None,
            via: None,
            names_interface: false,
            redirected_to: None,
            code: Some("DENIED".to_owned()),
            message: Some(message.to_owned()),
        }
    }

    #[test]
    fn the_address_firewall_of_azure_is_recognised() {
        let words = "client with IP '203.0.113.7' is not allowed access. Refer \
                     https://aka.ms/acr/firewall to grant access.";
        assert_eq!(refused_address(&answer(words)), Some("203.0.113.7".parse().unwrap()));
        let ipv6 = "client with IP '2001:db8::7' is not allowed access.";
        assert_eq!(refused_address(&answer(ipv6)), Some("2001:db8::7".parse().unwrap()));
        for other in
            ["requested access to the resource is denied", "client with IP ", "client with IP 'x'"]
        {
            assert_eq!(refused_address(&answer(other)), None, "{other}");
        }
    }

    #[test]
    fn an_answer_is_told_in_the_registrys_own_words() {
        let told = said(&answer("requested access to the resource is denied"));
        assert_eq!(told, "answered 403: DENIED: requested access to the resource is denied");
    }
}

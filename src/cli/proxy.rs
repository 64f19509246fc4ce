//! The proxy of a run, from its option or its environment.

use std::env;

use edgeprobe_facts::proxy::{NoProxyList, ProxyUrl};

use super::problem::Problem;
use crate::verdict::GivenProxy;

/// The value of the option that stands for no proxy.
const NONE: &str = "none";

/// What the option says, else the environment. No error shows what it says, for it may hold a
/// password.
pub(super) fn given(option: Option<&str>) -> Result<Option<GivenProxy>, Problem> {
    match option {
        Some(word) if word.trim().eq_ignore_ascii_case(NONE) => Ok(None),
        Some(text) => parse("--proxy", text, "for example --proxy http://proxy.corp:3128, or none")
            .map(|url| {
                let source = "--proxy".to_owned();
                Some(GivenProxy { url, no_proxy: None, source, chosen: true })
            }),
        None => from_environment(),
    }
}

fn from_environment() -> Result<Option<GivenProxy>, Problem> {
    let Some((name, text)) = first_of(["https_proxy", "HTTPS_PROXY"]) else { return Ok(None) };
    let url = parse(name, &text, "correct the variable, or ignore it with --proxy none")?;
    let no_proxy =
        first_of(["no_proxy", "NO_PROXY"]).and_then(|(_, list)| NoProxyList::parse(&list));
    Ok(Some(GivenProxy { url, no_proxy, source: name.to_owned(), chosen: false }))
}

/// The first of these variables that says anything.
fn first_of(names: [&'static str; 2]) -> Option<(&'static str, String)> {
    let value = |name: &'static str| {
        let text = env::var_os(name)?.to_string_lossy().into_owned();
        (!text.trim().is_empty()).then_some((name, text))
    };
    names.into_iter().find_map(value)
}

fn parse(source: &str, text: &str, hint: &str) -> Result<ProxyUrl, Problem> {
    text.parse()
        .map_err(|error| Problem::new(format!("{source} is not a valid proxy: {error}")).hint(hint))
}

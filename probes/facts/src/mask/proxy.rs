//! A proxy's address without what one signs in with.

use std::sync::LazyLock;

use regex::Regex;

use super::MASK;

/// A scheme, and a host with its port; what follows is not part of a proxy's address.
static ADDRESS: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(concat!(
        r"(?i)^(?<scheme>(?:https?|ftp|socks[45][ah]?)://)?(?<signed>.*@)?",
        r"(?<host>[a-z0-9._-]+|\[[0-9a-f:.]+\])(?<port>:[0-9]{1,5})?/?$",
    ))
    .ok()
});

/// The scheme, the host and the port of a proxy, in the quotes that stood around it; an ellipsis where
/// that cannot be told for sure.
///
/// A password that is not escaped as it should be may hold whatever ends one, so that no pattern finds
/// it in a text: the last `@` is the one before the host.
pub fn proxy(value: &str) -> String {
    let bare = value.trim().trim_matches(['"', '\'']);
    if bare.is_empty() {
        return value.to_owned();
    }
    let shown = ADDRESS.as_ref().and_then(|address| address.captures(bare)).map(|found| {
        let part = |name: &str| found.name(name).map_or("", |part| part.as_str());
        let mark = if found.name("signed").is_some() { MASK.to_string() } else { String::new() };
        format!("{}{mark}{}{}", part("scheme"), part("host"), part("port"))
    });
    // What stands around it: quotes and spaces alone.
    let (before, after) = value.split_once(bare).unwrap_or_default();
    format!("{before}{}{after}", shown.unwrap_or_else(|| MASK.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_password_is_shown_however_it_is_written() {
        for (value, shown) in [
            ("http://user:p@PLANTED@proxy:3128", "http://…proxy:3128"),
            ("http://user:pa/PLANTED@proxy", "http://…proxy"),
            ("http://user:p#PLANTED@proxy:3128/", "http://…proxy:3128"),
            ("http://user:p PLANTED@proxy:3128", "http://…proxy:3128"),
            ("user:PLANTED@proxy:3128", "…proxy:3128"),
            ("//user:PLANTED@proxy:3128", "…proxy:3128"),
            ("http:/user:PLANTED@proxy:3128", "…proxy:3128"),
            ("http:user:PLANTED@proxy:3128", "…proxy:3128"),
            ("socks5h://user:PLANTED@[fd00::1]:1080", "socks5h://…[fd00::1]:1080"),
            ("user:PLANTED", "…"),
            ("http://user:PLANTED", "…"),
            ("http://user:PLANTED@", "…"),
            ("http://proxy:3128?PLANTED", "…"),
            ("\"http://u:p\"PLANTED@proxy\"", "\"http://…proxy\""),
        ] {
            assert_eq!(proxy(value), shown, "{value}");
        }
    }

    #[test]
    fn a_proxy_without_a_password_stays() {
        for value in ["http://proxy:3128", "\"https://p.contoso.com\"", "proxy:8080", "", "\"\""] {
            assert_eq!(proxy(value), value);
        }
    }
}

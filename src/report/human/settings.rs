//! What of the target the device itself said, and where.

use super::line;
use crate::language::{Language, Text};
use crate::report::words::{say, word};
use crate::verdict::Target;

/// A line for the parts that were read from the device; nothing where all were given or are
/// defaults.
pub(super) fn section(target: &Target, language: Language) -> String {
    let sources = &target.sources;
    let transports: Vec<String> = target.protocols.iter().map(ToString::to_string).collect();
    let network = target.network.clone().unwrap_or_default();
    let network = say(&Text::new("setting.network").with("network", network), language);
    let parts = [
        (target.hub.clone(), &sources.hub),
        (transports.join(", "), &sources.protocols),
        (network, &sources.network),
        (ports(target, language), &sources.ports),
    ];
    let told: Vec<String> = parts
        .into_iter()
        .filter_map(|(setting, source)| {
            let source = source.as_deref().filter(|source| is_of_the_device(source))?;
            let text = Text::new("setting.from").with("setting", setting).with("source", source);
            Some(say(&text, language))
        })
        .collect();
    if told.is_empty() {
        return String::new();
    }
    format!("\n{}", line(&word("label.settings", language), &told.join("; ")))
}

fn ports(target: &Target, language: Language) -> String {
    if target.ports.is_empty() {
        return word("setting.no_ports", language);
    }
    let numbers: Vec<String> = target.ports.iter().map(ToString::to_string).collect();
    say(&Text::new("setting.ports").with("ports", numbers.join(", ")), language)
}

/// Whether a source is a file or a container, and not what the reader of the report gave himself.
fn is_of_the_device(source: &str) -> bool {
    !source.starts_with("--") && source != "EDGEPROBE_HUB"
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verdict::Sources;

    #[test]
    fn only_what_the_device_said_is_told_of() {
        let mut target = Target { hub: "h.net".to_owned(), ..Target::default() };
        target.sources.hub = Some("--hub".to_owned());
        assert_eq!(section(&target, Language::English), "");
        target.sources = Sources {
            hub: Some("/etc/aziot/config.toml".to_owned()),
            ports: Some("edgeHub".to_owned()),
            ..Sources::default()
        };
        let told = section(&target, Language::English);
        let expected = "h.net from /etc/aziot/config.toml; Edge Hub without ports from edgeHub";
        assert_eq!(told.split_whitespace().skip(1).collect::<Vec<_>>().join(" "), expected);
    }
}

//! Values that still are what the template has in their place.

use serde_json::Value;

use super::document::Layers;

/// The deepest that a value of the templates stands.
const DEEPEST: usize = 8;

/// How many are named.
const MOST: usize = 8;

/// The key of the connection string in the template of 1.2 and later: a secret of nobody's.
const EXAMPLE_KEY: &str = "SharedAccessKey=YXppb3QtaWRlbnRpdHktc2VydmljZXxhemlvdC1pZGU=";

/// Where a placeholder stands: the file, and the names that lead to the value in it.
pub(super) struct Placeholder {
    pub(super) source: String,
    pub(super) name: String,
}

/// The placeholders in these files, none of their values.
pub(super) fn find(layers: &Layers) -> Vec<Placeholder> {
    let mut found = Vec::new();
    for document in layers.iter() {
        let mut names = Vec::new();
        walk(&document.value, String::new(), 0, &mut names);
        let source = &document.source;
        found.extend(names.into_iter().map(|name| Placeholder { source: source.clone(), name }));
    }
    found.truncate(MOST);
    found
}

fn walk(value: &Value, path: String, depth: usize, found: &mut Vec<String>) {
    match value {
        Value::Object(members) if depth < DEEPEST => {
            for (name, member) in members {
                let name = crate::clean::line(name, 64);
                let below = if path.is_empty() { name } else { format!("{path}.{name}") };
                walk(member, below, depth + 1, found);
            }
        }
        Value::String(text) if is_placeholder(text) && found.len() < MOST => found.push(path),
        _ => {}
    }
}

/// `<ADD DEVICE CONNECTION STRING HERE>` and its like, and the example of the later templates.
fn is_placeholder(text: &str) -> bool {
    let text = text.trim();
    let inside = text.strip_prefix('<').and_then(|text| text.strip_suffix('>'));
    let is_a_blank = |words: &str| {
        let capitals = |letter: char| letter.is_ascii_uppercase() || " _-".contains(letter);
        words.len() > 2 && words.chars().all(capitals)
    };
    inside.is_some_and(is_a_blank) || text.ends_with(EXAMPLE_KEY)
}

#[cfg(test)]
mod tests {
    use super::super::Root;
    use super::super::read;
    use super::*;
    use edgeprobe_facts::runtime::{Flaw, SourceState};

    #[test]
    fn a_blank_of_the_template_is_told_from_a_value() {
        for text in [
            "<ADD DEVICE CONNECTION STRING HERE>",
            "<SCOPE_ID>",
            "HostName=example.azure-devices.net;DeviceId=my-device;\
             SharedAccessKey=YXppb3QtaWRlbnRpdHktc2VydmljZXxhemlvdC1pZGU=",
        ] {
            assert!(is_placeholder(text), "{text}");
        }
        for text in ["0ne00AB12CD", "<b>", "<gateway-1>", "HostName=h.net;SharedAccessKey=c2Vj"] {
            assert!(!is_placeholder(text), "{text}");
        }
    }

    #[test]
    fn an_untouched_template_is_named_by_what_is_to_be_filled_in() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(folder.path().join("etc/iotedge")).unwrap();
        let text = "provisioning:\n  source: \"manual\"\n  device_connection_string: \
                    \"<ADD DEVICE CONNECTION STRING HERE>\"\nhostname: \"<ADD HOSTNAME HERE>\"\n";
        std::fs::write(folder.path().join("etc/iotedge/config.yaml"), text).unwrap();
        let facts = read(&Root::at(folder.path()));
        let source = facts.sources.iter().find(|it| it.name.ends_with("config.yaml")).unwrap();
        assert_eq!((source.state, source.flaw), (SourceState::Broken, Some(Flaw::Placeholder)));
        let detail = source.detail.as_deref().unwrap();
        assert!(detail.contains("provisioning.device_connection_string"), "{detail}");
        assert!(facts.hub.is_none() && !detail.contains("ADD DEVICE"));
    }
}

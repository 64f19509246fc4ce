//! Texts that are kept or shown.

use edgeprobe::cli;
use edgeprobe::plan::{HubName, ParentName, Ports};
use edgeprobe::schedule::Times;
use edgeprobe::sources::Input;
use edgeprobe_facts::proxy::{NoProxy, NoProxyList, ProxyUrl};
use edgeprobe_facts::registry::Reference;
use edgeprobe_facts::runtime::names as name;
use edgeprobe_facts::{Vantage, clean, mask};
use serde_json::{Value, json};

use crate::shown::{KEY, assert_clean, assert_text, text};

pub(crate) fn clean(bytes: &[u8]) {
    let whole = text(bytes);
    for limit in [0, 1, 7, 80] {
        for line in [clean::line(&whole, limit), clean::bytes(bytes, limit)] {
            assert_text(&line);
            // The sign for what was left out comes on top.
            assert!(!line.contains('\n') && line.chars().count() <= limit + 1, "{line:?}");
            assert_eq!(clean::line(&line, limit + 1), line);
        }
    }
    let lines = clean::text(&whole);
    assert_text(&lines);
    assert_eq!(clean::text(&lines), lines);
    assert!(clean::without_colour(bytes).len() <= bytes.len());
}

/// Two texts, with a key on a line between them that says that it is one.
pub(crate) fn mask(bytes: &[u8]) {
    let whole = text(bytes);
    let (before, after) = whole.split_at(whole.floor_char_boundary(whole.len() / 2));
    let planted = format!("{before}\nSharedAccessKey={KEY}\n{after}");
    for masked in [mask::text(&planted).text, mask::settings(&planted).text] {
        assert!(!masked.contains(KEY), "{masked:?}");
    }
    let mut lines = mask::Lines::default();
    for line in planted.lines() {
        assert!(!lines.line(line).contains(KEY), "{line:?}");
    }
    let line = format!("{before} SharedAccessKey={KEY} {after}").replace('\n', " ");
    assert!(!mask::mask(&line).contains(KEY), "{line:?}");
    assert!(!mask::line(&line, line.len()).contains(KEY), "{line:?}");
    let _ = mask::typed(&whole);
    let _ = mask::variable(&whole);
    let _ = mask::proxy(&whole);
    let value: Value = json!({ before: after, "SharedAccessKey": KEY, "env": [after, KEY] });
    assert!(!mask::value(&value).0.to_string().contains(KEY), "{value}");
}

/// Arguments, each after a zero.
pub(crate) fn command_line(bytes: &[u8]) {
    let whole = text(bytes);
    let arguments: Vec<&str> = whole.split('\0').collect();
    assert_clean(&cli::fuzzing::command_line(&arguments));
}

/// Names, addresses and lists as options, variables and settings have them.
pub(crate) fn names(bytes: &[u8]) {
    let text = text(bytes);
    let told =
        |error: Option<&dyn std::fmt::Display>| assert_clean(&error.map(ToString::to_string));
    let hub = text.parse::<HubName>();
    if let Err(error) = &hub {
        assert_clean(&json!([error.to_string(), error.hint(), error.meant()]));
    }
    let parent = text.parse::<ParentName>();
    if let Err(error) = &parent {
        assert_clean(&json!([error.to_string(), error.hint()]));
    }
    told(text.parse::<Ports>().err().as_ref().map(|it| it as _));
    told(text.parse::<Vantage>().err().as_ref().map(|it| it as _));
    let proxy = text.parse::<ProxyUrl>();
    match &proxy {
        Ok(url) => assert_clean(&json!([url, url.host(), url.port(), url.address()])),
        Err(error) => told(Some(error)),
    }
    for reference in [Reference::parse_registry(&text), Reference::parse_image(&text)] {
        match reference {
            Ok(reference) => assert_clean(&json!([reference.to_string(), reference.registry()])),
            Err(error) => told(Some(&error)),
        }
    }
    assert_clean(&NoProxyList::parse(&text));
    let _ = NoProxy::read(&text).covers("hub.example", 443);
    let Ok(input) = text.parse::<Input>();
    told(Some(&input));
    assert_clean(&json!([
        name::host(&text),
        name::hub_of(&text),
        name::host_of_url(&text),
        name::image(&text),
        name::word(&text),
        name::network(&text),
        name::own_host(&text),
    ]));
    assert_clean(&cli::fuzzing::value(&text));
    if let Ok(times) = text.parse::<Times>() {
        let _ = times.shortest_gap();
        assert_clean(&times.to_string());
    }
}

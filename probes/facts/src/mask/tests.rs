//! The tables: texts with secrets in every spelling, and texts that have none.

use proptest::prelude::*;

use super::{mask, text, typed};

/// Each line is a text. What stands between ⟦ and ⟧ is a secret and must be masked, and all else must
/// stay. `␤` stands for a line's end, `␛` for the escape character, `␣` for a zero-width space; {…} for
/// a key of that form.
const SPELLINGS: &str = include_str!("spellings.txt");

/// Each line is a text that has no secret.
const HARMLESS: &str = include_str!("harmless.txt");

/// Keys of each form: in base64 with padding and without, in base64url, in hexadecimals, a token, and
/// a password of one word.
const KEYS: [(&str, &str); 6] = [
    ("base64", "kX9+2bQv/7RmTz4cWn8YpL1sJ6hGd3fKaE5uVxBtC0o="),
    ("unpadded", "kX9+2bQv/7RmTz4cWn8YpL1sJ6hGd3fKaE5uVxBtC0o"),
    ("base64url", "kX9-2bQv_7RmTz4cWn8YpL1sJ6hGd3fKaE5uVxBtC0o"),
    ("hex", "3f9a1c7be204d8865b1fa07c93de42e13f9a1c7be204d8865b1fa07c93de42e1"),
    ("jwt", "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJndzEifQ.kX9-2bQv_7RmTz4cWn8YpL1sJ6hGd3fK"),
    ("word", "Sommer!Regen7"),
];

/// The texts of a table, with each key in place of `{key}`, and its own for the others.
fn texts(table: &str) -> Vec<String> {
    let lines = table.lines().filter(|line| !line.trim().is_empty() && !line.starts_with("# "));
    let mut texts = Vec::new();
    for line in lines {
        let line = line.replace('␤', "\n").replace('␛', "\u{1b}").replace('␣', "\u{200b}");
        let of = |key: &str, line: &str| {
            let own = line.replace("{key}", key);
            KEYS.iter().fold(own, |text, (name, key)| text.replace(&format!("{{{name}}}"), key))
        };
        if line.contains("{key}") {
            texts.extend(KEYS.iter().map(|(_, key)| of(key, &line)));
        } else {
            texts.push(of("", &line));
        }
    }
    texts
}

/// The text without its marks, the secrets in it, and the text as it must be shown.
fn read(marked: &str) -> (String, Vec<String>, String) {
    let (mut plain, mut shown, mut secrets) = (String::new(), String::new(), Vec::new());
    let mut rest = marked;
    while let Some((before, after)) = rest.split_once('⟦') {
        let (secret, after) = after.split_once('⟧').expect("a mark that is closed");
        plain = plain + before + secret;
        shown = shown + before + "…";
        secrets.push(secret.to_owned());
        rest = after;
    }
    (plain + rest, secrets, shown + rest)
}

/// A part of a key, of ten characters, that a text shows.
fn part_of(key: &str, text: &str) -> Option<String> {
    let parts = (0..key.len() - 9).map(|at| &key[at..at + 10]);
    parts.into_iter().find(|part| text.contains(part)).map(str::to_owned)
}

#[test]
fn every_spelling_of_a_secret_is_masked_and_nothing_else() {
    let lines = SPELLINGS.lines().filter(|line| line.contains('⟦')).count();
    assert!(lines >= 200, "{lines}");
    let mut wrong = Vec::new();
    for marked in texts(SPELLINGS) {
        let (plain, secrets, shown) = read(&marked);
        let masked = text(&plain).text;
        let leak =
            secrets.iter().find(|secret| secret.len() > 3 && masked.contains(secret.as_str()));
        let part = KEYS
            .iter()
            .filter(|(_, key)| plain.contains(key))
            .find_map(|(_, key)| part_of(key, &masked));
        if let Some(leak) = leak.cloned().or(part) {
            wrong.push(format!("SHOWS {leak}\n  of    {plain:?}\n  shown {masked:?}"));
        } else if masked != shown {
            wrong.push(format!("MASKS  {plain:?}\n  as    {masked:?}\n  not   {shown:?}"));
        }
    }
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn a_spelling_is_masked_in_a_log_s_line_as_well() {
    let mut wrong = Vec::new();
    for marked in texts(SPELLINGS).iter().filter(|text| !text.contains('\n')) {
        let (plain, secrets, _) = read(marked);
        for (before, after) in [
            ("2026-11-24 22:00:00.000 +00:00 [INF] - ", ""),
            ("<6> ", " (attempt 1 of 3)"),
            ("{\"log\":\"", "\\n\",\"stream\":\"stderr\",\"time\":\"2026-11-24T22:00:00Z\"}"),
        ] {
            let is_json = before.starts_with('{');
            let escaped = plain.replace('\\', "\\\\").replace('"', "\\\"");
            let plain = if is_json { escaped } else { plain.clone() };
            let masked = text(&format!("{before}{plain}{after}")).text;
            let parts = secrets.iter().filter(|secret| !secret.contains(['"', '\\']));
            if let Some(leak) = parts.into_iter().find(|secret| masked.contains(secret.as_str())) {
                wrong.push(format!("SHOWS {leak}\n  of    {before}{plain}\n  shown {masked}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn what_is_masked_stays_masked() {
    for marked in texts(SPELLINGS) {
        let once = text(&read(&marked).0);
        assert_eq!(text(&once.text).text, once.text, "{marked}");
    }
}

#[test]
fn harmless_texts_stay() {
    let lines = HARMLESS.lines().filter(|line| !line.starts_with("# ")).count();
    assert!(lines >= 100, "{lines}");
    let mut wrong = Vec::new();
    for plain in texts(HARMLESS) {
        let masked = text(&plain).text;
        if masked != plain {
            wrong.push(format!("{plain}\n  {masked}"));
        }
    }
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
    assert!(matches!(mask("nothing here"), std::borrow::Cow::Borrowed(_)));
}

proptest! {
    #[test]
    fn no_text_upsets_it(given: String) {
        let _ = (text(&given), typed(&given));
        prop_assert_eq!(mask(&mask(&given)).matches('…').count(), mask(&given).matches('…').count());
    }

    #[test]
    fn a_secret_is_masked_whatever_stands_around_it(before in "\\PC{0,40}", after in "\\PC{0,40}") {
        for (secret, key) in [
            ("SharedAccessKey=kX9+2bQv/7RmTz4cWn8YpL1sJ6hGd3fKaE5uVxBtC0o=", "kX9+2bQv"),
            ("\"password\": \"Sommer!Regen7\"", "Sommer!Regen7"),
            ("secretKey=Sommer!Regen7", "Sommer!Regen7"),
        ] {
            let masked = mask(&format!("{before} {secret} {after}")).into_owned();
            prop_assert!(!masked.contains(key), "{}", masked);
        }
    }
}

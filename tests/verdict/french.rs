//! No English word may stand in what is told in French.

/// Words of English that are no words of French, and no words of commands or of other tools' rules.
const ENGLISH: [&str; 38] = [
    "the", "and", "of", "from", "to", "by", "with", "not", "is", "are", "was", "were", "this",
    "that", "which", "its", "it", "has", "have", "does", "answer", "answers", "network", "host",
    "address", "resolver", "unknown", "time", "within", "did", "no", "an", "for", "be", "asked",
    "held", "failed", "reached",
];

/// Fails if the text holds an English word outside backticks.
///
/// A rule or a route of the kernel's, `from 172.18.0.0/16 lookup 52`, is the same in every language.
#[track_caller]
pub(crate) fn assert_french(text: &str) {
    let own: String = text.split('`').step_by(2).collect::<Vec<_>>().join(" ");
    let words: Vec<String> = own
        .split(|c: char| c.is_whitespace() || "()\"',;:".contains(c))
        .filter(|word| !word.is_empty())
        .map(|word| word.trim_end_matches('.').to_lowercase())
        .collect();
    for (index, word) in words.iter().enumerate() {
        let next = words.get(index + 1).map(String::as_str).unwrap_or_default();
        let is_a_rule = matches!(word.as_str(), "from" | "to")
            && (next == "all" || next.starts_with(|c: char| c.is_ascii_digit()));
        let before = index.checked_sub(1).and_then(|index| words.get(index));
        let is_a_rule = is_a_rule || (word == "with" && before.is_some_and(|it| it == "reject"));
        assert!(is_a_rule || !ENGLISH.contains(&word.as_str()), "`{word}` is English in:\n{text}");
    }
    let unfilled = own.replace("[::", "");
    assert!(!unfilled.contains(['{', '[']), "a word is missing in:\n{text}");
}

#[test]
fn english_is_noticed() {
    assert_french("L'hôte n'a pas répondu (from 10.0.0.0/8 lookup 52) : `no such host`.");
    let leak = std::panic::catch_unwind(|| assert_french("depuis the host : sans réponse"));
    assert!(leak.is_err());
}

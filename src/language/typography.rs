//! What a test can find wrong in a French text.
//!
//! French sets `:`, `;`, `!`, `?` and the marks of a quotation apart. In a terminal that is a plain
//! space, which `report::style` keeps from becoming the end of a line.

/// The mistakes in a French text, each with what stands around it. What stands in backticks or in
/// double quotes is code or another's words, and is left alone.
pub fn mistakes(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for foreign in ['\u{a0}', '\u{202f}', '’', '“', '”', '…'] {
        if text.contains(foreign) {
            found.push(format!("{foreign:?} in: {text}"));
        }
    }
    if text.trim() != text.trim_matches('\n') {
        found.push(format!("a blank at an end of: {text}"));
    }
    let own = own_words(text);
    let words: Vec<&str> = own.split_whitespace().collect();
    for word in &words {
        let is_mark = matches!(*word, ":" | ";" | "!" | "?" | "«" | "»");
        let joined = word.ends_with([':', ';', '!', '?']) && !is_mark;
        let quoted = !is_mark && (word.starts_with('«') || word.contains('»'));
        if joined || (quoted && !word.starts_with('»')) {
            found.push(format!("no space at `{word}` in: {text}"));
        }
        if matches!(*word, "," | ".") && words.len() > 1 {
            found.push(format!("a space before `{word}` in: {text}"));
        }
    }
    for (index, first) in words.iter().enumerate() {
        let first = first.trim_start_matches('(').to_lowercase();
        let second = words.get(index + 1).copied().unwrap_or_default();
        let third = words.get(index + 2).copied().unwrap_or_default();
        let vowel = second.starts_with(|c: char| "aeiouyàâéèêîôûAEIOUÀÂÉÈÊÎÔÛ".contains(c));
        let elided = match first.as_str() {
            "de" | "le" | "la" | "que" | "ne" | "se" => vowel,
            "si" => second.starts_with("il"),
            _ => false,
        };
        // Before an infinitive `le` is a pronoun, which does not contract.
        let contracted = matches!((first.as_str(), second), ("de" | "à", "le" | "les"))
            && !third.ends_with('r')
            && !third.ends_with("re");
        if elided || contracted {
            found.push(format!("`{first} {second}` in: {text}"));
        }
    }
    found
}

/// The text without what stands in backticks or double quotes.
fn own_words(text: &str) -> String {
    let outside = |text: &str, mark| {
        let parts: Vec<&str> = text.split(mark).collect();
        parts.into_iter().step_by(2).collect::<Vec<_>>().join("_")
    };
    outside(&outside(text, '`'), '"').replace("://", "")
}

#[cfg(test)]
mod tests {
    use super::mistakes;

    #[test]
    fn mistakes_are_found_and_good_french_is_left_alone() {
        for good in [
            "L'hôte répond : {failure} ; et ensuite ?",
            "Écrivez `agent: env:`, puis « oui ».",
            "Refusez de le donner avec .NET.",
            "De la 1.0.1 à {port}, sous https://{hub}/ (pid {pid}).",
        ] {
            assert_eq!(mistakes(good), Vec::<String>::new(), "{good}");
        }
        for bad in [
            "L’hôte",
            "Le port: fermé",
            "Le port est fermé!",
            "«oui»",
            "le hôte , fermé",
            "le itinéraire",
            "si il répond",
            "à le port",
            " de trop",
            "un\u{a0}: deux",
        ] {
            assert_ne!(mistakes(bad), Vec::<String>::new(), "{bad}");
        }
    }
}

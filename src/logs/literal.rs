//! What every text that an expression matches must contain, so that lines without it cost nothing.

use regex_syntax::hir::{Hir, HirKind};

/// A shorter piece stands in too many lines to be worth looking for.
const SHORTEST: usize = 5;

/// Pieces of which every match contains at least one, as they stand in a raw line of any form.
///
/// None when the expression has no such pieces.
pub(super) fn required(hir: &Hir) -> Option<Vec<String>> {
    match hir.kind() {
        HirKind::Literal(literal) => {
            let text = std::str::from_utf8(&literal.0).ok()?;
            let pieces = text.split(|c| !stands_unescaped(c)).map(|piece| piece.trim_matches(' '));
            let longest = pieces.max_by_key(|piece| piece.len())?;
            (longest.len() >= SHORTEST).then(|| vec![longest.to_owned()])
        }
        HirKind::Capture(capture) => required(&capture.sub),
        HirKind::Repetition(repetition) if repetition.min > 0 => required(&repetition.sub),
        HirKind::Concat(parts) => parts
            .iter()
            .filter_map(required)
            .max_by_key(|pieces| pieces.iter().map(String::len).min().unwrap_or_default()),
        HirKind::Alternation(choices) => {
            let of_each: Option<Vec<_>> = choices.iter().map(required).collect();
            Some(of_each?.into_iter().flatten().collect())
        }
        _ => None,
    }
}

/// Whether JSON encoders of all kinds write the character as itself.
fn stands_unescaped(c: char) -> bool {
    c.is_ascii_alphanumeric() || " ._:/()-,;=@$".contains(c)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pieces(pattern: &str) -> Option<Vec<String>> {
        required(&regex_syntax::parse(pattern).unwrap())
    }

    #[test]
    fn the_longest_piece_is_taken() {
        assert_eq!(
            pieces(r"Bind for \d+ failed: port is taken").unwrap(),
            ["failed: port is taken"]
        );
        assert_eq!(pieces(r#"say "hello world" \{x\}"#).unwrap(), ["hello world"]);
    }

    #[test]
    fn each_choice_has_its_own() {
        assert_eq!(pieces(r"(?:refused|timed out) x").unwrap(), ["refused", "timed out"]);
        assert_eq!(pieces(r"(?:refused|.*)"), None);
        assert_eq!(pieces(r"(?:refused)?"), None);
        assert_eq!(pieces(r"\d+ no"), None);
    }
}

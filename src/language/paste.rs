//! Words in texts that people copy into a shell. An attacker may have chosen the word: a container's
//! name, the hub of a report.
//!
//! One that a shell would act on is left out, and its placeholder stays. Quoted it would be one argument
//! for the shell, but programs such as nft parse their arguments as a language.

/// Whether the word is an argument by itself in every shell, and no option.
pub(super) fn is_argument(word: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || "._-:/@[]".contains(c);
    !word.is_empty() && !word.starts_with('-') && word.chars().all(plain)
}

/// Whether the word may stand between backticks, in a command or a setting: a shell does nothing with
/// any of its letters. An ellipsis stands for masked parts of a URL.
pub(super) fn may_stand_in_code(word: &str) -> bool {
    let harmless = |c: char| c.is_ascii_alphanumeric() || "._-:/@[]%+,=…".contains(c);
    !word.is_empty() && !word.starts_with('-') && word.chars().all(harmless)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_shell_does_nothing_with_is_shown() {
        for word in ["contoso.azure-devices.net", "10.0.0.0/8", "[fd00::1]:443", "a@b", "wg0"] {
            assert!(is_argument(word) && may_stand_in_code(word), "{word}");
        }
        for setting in ["http://u:…@proxy:3128", "fe80::1%eth0", "a=b,c+d"] {
            assert!(may_stand_in_code(setting), "{setting}");
        }
    }

    #[test]
    fn what_a_shell_would_act_on_is_not() {
        let letters = " \t\n\"'`$&|;<>()*?#~!{}\\^\u{1b}";
        let words = letters.chars().map(|letter| format!("a{letter}b"));
        for word in words.chain(["", "-rf", "--help"].map(str::to_owned)) {
            assert!(!is_argument(&word) && !may_stand_in_code(&word), "{word:?}");
        }
    }
}

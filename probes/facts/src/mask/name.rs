//! What a name says of its value: that it is a secret, that it may be one, or nothing.

use super::words::{
    BEHIND, ENDS, HARMLESS_BEFORE, KEY_KINDS, KEYS, NO_SECRETS, PASSWORDS, PERHAPS, SECRETS,
};

/// What a name tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Tells {
    /// Nothing of a secret: `moduleId`, `SharedAccessKeyName`, `partition_key`.
    Nothing,
    /// The value is a secret if it looks like one: `key`, `auth`, `salt`.
    Perhaps,
    /// Every value is a secret: `password`, `SharedAccessKey`.
    Secret,
}

/// What a name tells, in any spelling: `secretKey`, `SECRET_KEY`, `secret-key`, `a.b.secretkey`.
pub(super) fn tells(name: &str) -> Tells {
    let words = words(name);
    let mut words = words.as_slice();
    let is_behind =
        |word: &String| BEHIND.has(word) || word.bytes().all(|byte| byte.is_ascii_digit());
    while let [first @ .., last] = words
        && !first.is_empty()
        && is_behind(last)
    {
        words = first;
    }
    let Some((last, before)) = words.split_last() else { return Tells::Nothing };
    let last = last.strip_suffix("value").filter(|stem| stem.len() > 2).unwrap_or(last);
    let is_qualified = before.last().is_some_and(|word| HARMLESS_BEFORE.has(word));
    if (is_qualified && is_key_or_token(last)) || NO_SECRETS.has(last) {
        return Tells::Nothing;
    }
    if SECRETS.has(last) || ENDS.all().any(|end| last.ends_with(end)) {
        return Tells::Secret;
    }
    if KEYS.has(last) {
        return if before.is_empty() { Tells::Perhaps } else { Tells::Secret };
    }
    // `primarykey`, `SYMMKEY`: letters before it make it some key's name.
    if last.len() >= 6 && last.ends_with("key") {
        return Tells::Secret;
    }
    let is_access = before.last().is_some_and(|word| word == "access");
    if (last == "auth" && !before.is_empty()) || (last == "signature" && is_access) {
        return Tells::Secret;
    }
    if PERHAPS.has(last) { Tells::Perhaps } else { Tells::Nothing }
}

/// What a name tells with the words that stand before it in a sentence: `Primary Key`, `public key`.
pub(super) fn tells_after(before: &str, name: &str) -> Tells {
    let alone = tells(name);
    let is_one_word = name.chars().all(char::is_alphabetic);
    if alone == Tells::Nothing || !is_one_word {
        return alone;
    }
    // One space alone parts the words of a name.
    let Some(before) = before.strip_suffix([' ', '-']) else { return alone };
    let start = before.rfind(|c: char| !c.is_alphabetic()).map_or(0, |at| {
        at + before.get(at..).and_then(|rest| rest.chars().next()).map_or(1, char::len_utf8)
    });
    let word = before.get(start..).unwrap_or_default().to_lowercase();
    if HARMLESS_BEFORE.has(&word) && is_key_or_token(&name.to_lowercase()) {
        return Tells::Nothing;
    }
    let is_a_kind = KEY_KINDS.has(&word);
    if is_a_kind { alone.max(tells(&format!("{word} {name}"))) } else { alone }
}

/// Whether a name is that of a password, which may be any word.
pub(super) fn is_password(name: &str) -> bool {
    let words = words(name);
    let last = words.last().map_or("", String::as_str);
    PASSWORDS.has(last) || PASSWORDS.all().any(|end| end.len() > 3 && last.ends_with(end))
}

/// Whether a word before this one may make it no secret.
fn is_key_or_token(word: &str) -> bool {
    KEYS.has(word) || word == "token" || word == "tokens"
}

/// Whether a name is that of a key.
pub(super) fn is_key(name: &str) -> bool {
    words(name).last().is_some_and(|last| KEYS.has(last))
}

/// Whether a name is that of a header whose whole line is secret.
pub(super) fn takes_the_line(name: &str) -> bool {
    let words = words(name);
    let last = words.last().map_or("", String::as_str);
    matches!(last, "authorization" | "cookie" | "cookies" | "passphrase")
}

/// The words of a name in small letters: parted by signs, by capitals and by digits.
pub(super) fn words(name: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut word = String::new();
    let mut last = ' ';
    let mut characters = name.chars().peekable();
    while let Some(c) = characters.next() {
        let next_is_small = characters.peek().is_some_and(|next| next.is_lowercase());
        let begins = (last.is_lowercase() && c.is_uppercase())
            // The last of several capitals begins the next word: `SASToken`.
            || (last.is_uppercase() && c.is_uppercase() && next_is_small)
            || (last.is_numeric() != c.is_numeric());
        if (begins || !c.is_alphanumeric()) && !word.is_empty() {
            words.push(std::mem::take(&mut word));
        }
        if c.is_alphanumeric() {
            word.extend(c.to_lowercase());
        }
        last = c;
    }
    words.extend(Some(word).filter(|word| !word.is_empty()));
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_read_in_every_spelling() {
        for name in [
            "secretKey",
            "SECRET_KEY",
            "secret-key",
            "secretkey",
            "SECRETKEY",
            "Azure__SecretKey",
            "a.b.secretKey",
            "SharedSecretValue",
            "sharedsecretvalue",
            "encryption_key",
            "X_KEY",
            "x-functions-key",
            "x-api-key",
            "Ocp-Apim-Subscription-Key",
            "AccountKey",
            "DockerRegistryAuth__0__password",
            "X-Registry-Auth",
            "PGPASSWORD",
            "clientsecret",
            "password1",
            "PASSWORD_B64",
            "sasToken",
            "SASToken",
            "Set-Cookie",
            "wpa_psk",
            "symmkey",
            "DeviceKey2",
            "motDePasse",
            "contraseña",
            "pin-value",
            "pkcs11Pin",
        ] {
            assert_eq!(tells(name), Tells::Secret, "{name}");
        }
        for name in ["key", "Key", "auth", "salt", "signature", "code", "device_id_pk", "clé"] {
            assert_eq!(tells(name), Tells::Perhaps, "{name}");
        }
        for name in [
            "moduleId",
            "SharedAccessKeyName",
            "keyId",
            "key_file",
            "tokenEndpoint",
            "token_type",
            "public_key",
            "PartitionKey",
            "CancellationToken",
            "monkey",
            "turkey",
            "password-stdin",
            "compass_heading",
            "ping",
            "pinned",
            "signal",
            "hostname",
            "",
            "...",
            "KeyVault",
        ] {
            assert_eq!(tells(name), Tells::Nothing, "{name}");
        }
    }

    #[test]
    fn the_word_before_a_name_counts() {
        assert_eq!(tells_after("the Primary ", "Key"), Tells::Secret);
        assert_eq!(tells_after("the public ", "key"), Tells::Nothing);
        assert_eq!(tells_after("unexpected ", "token"), Tells::Nothing);
        assert_eq!(tells_after("for ", "key"), Tells::Perhaps);
        assert_eq!(tells_after("a shared access ", "key"), Tells::Secret);
    }
}

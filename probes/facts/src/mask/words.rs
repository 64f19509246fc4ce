//! The words by which secrets are recognised, in small letters.

use std::collections::HashSet;
use std::sync::OnceLock;

/// A list of words.
pub(super) struct Words {
    list: &'static str,
    set: OnceLock<HashSet<&'static str>>,
}

impl Words {
    const fn new(list: &'static str) -> Self {
        Self { list, set: OnceLock::new() }
    }

    /// Whether the list has this word.
    pub(super) fn has(&self, word: &str) -> bool {
        self.set.get_or_init(|| self.all().collect()).contains(word)
    }

    /// The words of the list.
    pub(super) fn all(&self) -> impl Iterator<Item = &'static str> {
        self.list.split_whitespace()
    }
}

/// Last words of names of secrets, in the languages that device makers and operators write.
pub(super) static SECRETS: Words = Words::new(
    "accesskey apikey authorization autorisation bearer cookie cookies cred credential credentials
     creds jwt otp pass passcode passphrase passwd password passwords pat pin psk pw pwd sas secret
     secrets sig token tokens totp userpwd
     identifiants jeton jetons mdp motdepasse passe zugangsdaten geheimnis kennwort passwort contrasena contraseña senha
     parola wachtwoord haslo hasło пароль 密码 密碼 パスワード 비밀번호",
);

/// Passwords, which are ordinary words more often than keys and tokens are.
pub(super) static PASSWORDS: Words = Words::new(
    "passwd password passphrase pwd mdp motdepasse passe kennwort passwort contrasena contraseña
     senha parola wachtwoord haslo hasło",
);

/// Ends of names that are written as one word: `clientsecret`, `DBPASSWORD`.
pub(super) static ENDS: Words = Words::new(
    "apikey cookie credential credentials pass passphrase passwd password passwort pwd secret
     secrets token kennwort motdepasse schlüssel schluessel",
);

/// Last words for a key.
pub(super) static KEYS: Words = Words::new(
    "key keys clé clés cle clef schlüssel schluessel chiave clave llave chave sleutel ключ 密钥",
);

/// Last words of what is now and then a secret.
pub(super) static PERHAPS: Words = Words::new(
    "aead assertion auth code community dek enc ikm kek nonce pk pks salt seed signature sk",
);

/// Words behind which the name of a secret is still one: `SharedSecretValue`, `password_b64`.
pub(super) static BEHIND: Words = Words::new(
    "b base content contents data decoded default dev enc encoded env hash header hex main new old
     param parameter plain plaintext prod raw str string test text v val value values var",
);

/// Words before `key` and `token` that make it no secret: `partitionKey`, `cancellationToken`.
pub(super) static HARMLESS_BEFORE: Words = Words::new(
    "arrow cache cancellation column config csrf current dedup dictionary duplicate each event every
     expected foreign hive hot idempotency index invalid item json label lookup map metric missing
     next object ordering partition property pub public publique routing row section setting
     settings sort sub syntax tag unexpected unknown wrong yaml",
);

/// Words before `key` in a sentence that make it a secret one. Others say whose it is or which.
pub(super) static KEY_KINDS: Words = Words::new(
    "access account admin api app auth client connection device encryption enrollment function
     functions group host hub master policy preshared primary private registration sas secondary
     secret security service session shared signing storage subscription symmetric wep wifi wpa",
);

/// Words that end as a secret's name does.
pub(super) static NO_SECRETS: Words = Words::new(
    "bypass compass encompass overpass surpass trespass underpass donkey hockey hotkey jockey lackey
     mickey monkey pokey turkey turnkey whiskey cachekey foreignkey partitionkey publickey routingkey
     rowkey sortkey cancellationtoken",
);

/// Last words of names whose values are public: digests, ids, certificates.
pub(super) static PUBLIC: Words = Words::new(
    "aki commit container correlation generation guid id ids image layer network object request
     revision serial ski span trace uuid version",
);

/// Those whose values are public even where they look like a key.
pub(super) static DIGESTS: Words = Words::new(
    "cert certificat certificate certificates checksum digest empreinte etag fingerprint hash
     integrity md modulus peer public publickey publique sha thumbprint",
);

/// What stands in a value's place and is not a value.
pub(super) static NOTHING: Words =
    Words::new("null none nil true false yes no oui non undefined empty unset (null) <none>");

/// What a sentence says of a secret instead of the secret.
pub(super) static SAID: Words = Words::new(
    "a absent added an and authentication bad cannot changed could deleted denied does empty error
     expired expiré failed for found from has in incorrect invalid invalide is loaded missing must
     needed not of on or present read received rejected removed renewed required requis rotated set
     stored the to too unknown updated used valid was will with wrong",
);

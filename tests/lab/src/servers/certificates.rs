//! A certificate authority, an intermediate and a server certificate, made by OpenSSL.

use std::process::Command;
use std::sync::{Mutex, PoisonError};

use crate::world::{CONTROL_NAME, HUB_NAME, PROVISIONING_NAME};
use crate::{Error, Result, command};

/// What a TLS server and its client need; all of it PEM.
#[derive(Debug, Clone)]
pub(super) struct Certificates {
    /// The root, which clients are to trust.
    pub(super) authority: String,
    /// The server's certificate and the intermediate, as IoT Hub sends them: more than one packet.
    pub(super) chain: String,
    /// The server's key.
    pub(super) key: String,
}

/// Prints the root, the chain and the key, with a line of `%%` between them.
const MAKE: &str = r#"
exec 2>/dev/null; cd "$(mktemp -d)"; trap 'rm -rf "$PWD"' EXIT
new="openssl req -newkey rsa:2048 -nodes"
ca="basicConstraints=critical,CA:TRUE"
$new -x509 -keyout root.key -out root.pem -subj "/CN=Lab Root" -addext "$ca" -days 30
$new -keyout middle.key -out middle.csr -subj "/O=Lab/CN=Lab Intermediate"
echo "$ca" >middle.ext
sign="openssl x509 -req -days 30"
$sign -in middle.csr -CA root.pem -CAkey root.key -extfile middle.ext -out middle.pem
$new -keyout leaf.key -out leaf.csr -subj "/C=US/O=Microsoft Corporation/CN=*.azure-devices.net"
echo "subjectAltName=$0" >leaf.ext
$sign -in leaf.csr -CA middle.pem -CAkey middle.key -extfile leaf.ext -out leaf.pem
cat root.pem; echo %%; cat leaf.pem middle.pem; echo %%; cat leaf.key
"#;

/// Returns the process's certificates, which are made once: three keys take a while.
pub(super) fn certificates() -> Result<Certificates> {
    static MADE: Mutex<Option<Certificates>> = Mutex::new(None);
    let mut made = MADE.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(certificates) = &*made {
        return Ok(certificates.clone());
    }
    let certificates = make()?;
    *made = Some(certificates.clone());
    Ok(certificates)
}

fn make() -> Result<Certificates> {
    let names = [HUB_NAME, "*.azure-devices.net", CONTROL_NAME, PROVISIONING_NAME];
    let names = names.map(|name| format!("DNS:{name}")).join(",");
    let mut openssl = Command::new("sh");
    openssl.args(["-ec", MAKE, &names]);
    let output = command::succeed(&mut openssl, "")?.stdout;
    let parts: Vec<_> = output.split("%%\n").collect();
    match parts.as_slice() {
        [.., authority, chain, key] => Ok(Certificates {
            authority: (*authority).to_owned(),
            chain: (*chain).to_owned(),
            key: (*key).to_owned(),
        }),
        _ => Err(Error::Unreadable {
            command: "openssl".to_owned(),
            reason: "three parts are expected".to_owned(),
        }),
    }
}

//! Who is there beside the hub: a parent's Edge Hub, or a proxy that breaks TLS open.

use std::net::Ipv4Addr;

use super::plain::{places, start_tls};
use crate::world::{HUB_NAME, INTERCEPTOR, INTERCEPTOR_CA_FILE, PARENT, PARENT_NAME};
use crate::{Beside, Host, Process, Result};

/// Makes a root and a certificate of the first name, with OpenSSL.
const MAKE: &str = r#"
exec 2>/dev/null; cd /run/lab
new="openssl req -newkey rsa:2048 -nodes"
$new -x509 -keyout beside-root.key -out "$1" -subj "/CN=Lab Private Root" -days 30
$new -keyout beside.key -out beside.csr -subj "/CN=$0"
echo "subjectAltName=DNS:$0" >beside.ext
openssl x509 -req -days 30 -in beside.csr -CA "$1" -CAkey beside-root.key \
    -extfile beside.ext -out beside-chain.pem
"#;

/// The address at which it answers.
pub(super) fn address(beside: Beside) -> Option<Ipv4Addr> {
    match beside {
        Beside::Nobody => None,
        Beside::Parent | Beside::UnnamedParent => Some(PARENT),
        Beside::Interceptor => Some(INTERCEPTOR),
    }
}

/// Gives it its address, and a parent its other port.
pub(super) fn prepare(internet: &Host, beside: Beside) -> Result<()> {
    let Some(at) = address(beside) else { return Ok(()) };
    internet.sh(&format!("ip addr add {at}/32 dev lo"))?;
    if beside.is_a_parent() {
        let rule = format!("-d {at} -p tcp --dport 6617 -j DNAT --to-destination {at}:443");
        internet.sh(&format!("iptables -t nat -A PREROUTING {rule}"))?;
    }
    Ok(())
}

/// Stands in for it with nginx.
pub(super) fn start(internet: &Host, beside: Beside) -> Result<Vec<Process>> {
    let Some(at) = address(beside) else { return Ok(Vec::new()) };
    prepare(internet, beside)?;
    let name = if beside.is_a_parent() { PARENT_NAME } else { HUB_NAME };
    internet.succeed(&["bash", "-c", MAKE, name, INTERCEPTOR_CA_FILE])?;
    let (chain, key) = ("/run/lab/beside-chain.pem", "/run/lab/beside.key");
    Ok(vec![start_tls(internet, "beside", &places(at), chain, key)?])
}

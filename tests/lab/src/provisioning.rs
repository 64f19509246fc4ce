//! The Device Provisioning Service on the lab's internet: nginx, which knows nobody.

use crate::world::PROVISIONING_NAME;
use crate::{Lab, Result};

/// Makes an authority and a certificate, starts nothing, and prints the authority.
const PREPARE: &str = r#"
mkdir -p /run/lab/provisioning && cd /run/lab/provisioning && exec 2>/dev/null
ip addr add 20.62.128.1/32 dev lo
new="openssl req -newkey rsa:2048 -nodes"
$new -x509 -keyout root.key -out root.pem -subj "/CN=Plant Root" -days 30 \
    -addext "basicConstraints=critical,CA:TRUE"
$new -keyout key.pem -out leaf.csr -subj "/CN=$1"
echo "subjectAltName=DNS:$1" >leaf.ext
openssl x509 -req -days 30 -in leaf.csr -CA root.pem -CAkey root.key -extfile leaf.ext -out chain.pem
cat root.pem
"#;

/// Where a device keeps the roots that it trusts.
const STORE: &str = "/etc/ssl/certs/ca-certificates.crt";

/// Starts the service, and has the device trust its authority and know its address.
pub(crate) fn serve(lab: &mut Lab) -> Result<()> {
    let prepare = format!("set -- {PROVISIONING_NAME}\n{PREPARE}");
    let root = lab.internet().sh(&prepare)?;
    let configuration = "daemon off; pid /run/lab/provisioning/nginx.pid; \
         error_log stderr notice; events {}\n\
         http { access_log off; server { listen 20.62.128.1:443 ssl; return 401;\n\
           ssl_certificate /run/lab/provisioning/chain.pem;\n\
           ssl_certificate_key /run/lab/provisioning/key.pem; } }\n";
    lab.internet().write("/run/lab/provisioning/nginx.conf", configuration)?;
    let words = ["nginx", "-e", "stderr", "-c", "/run/lab/provisioning/nginx.conf"];
    lab.serve_on_internet(&words, "start worker process")?;
    let known = lab.device().read(STORE)?;
    lab.device().write(STORE, &format!("{known}{root}"))?;
    let name = format!("echo '20.62.128.1 {PROVISIONING_NAME}' >>/etc/hosts");
    lab.sh(&name)?;
    lab.router().sh(&name).map(drop)
}

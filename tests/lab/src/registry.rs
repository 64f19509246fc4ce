//! A company's container registry on the lab's internet: Debian's docker-registry behind nginx.

use crate::{Lab, Result};

/// The registry's name: an Azure registry's, so that it is held to what those are held to.
pub(crate) const NAME: &str = "labplant.azurecr.io";
/// The host that hands out its tokens, and the one that its data come from, in some scenarios.
pub(crate) const OTHER_NAME: &str = "data.labplant.example";

/// Makes an authority and a certificate, starts nothing.
const PREPARE: &str = r#"
mkdir -p /run/lab/registry && cd /run/lab/registry && exec 2>/dev/null
for address in 20.62.128.9 20.62.128.10; do ip addr add $address/32 dev lo; done
new="openssl req -newkey rsa:2048 -nodes"
$new -x509 -keyout root.key -out root.pem -subj "/CN=Plant Root" -days 30 \
    -addext "basicConstraints=critical,CA:TRUE"
$new -keyout key.pem -out leaf.csr -subj "/CN=labplant.azurecr.io"
echo "subjectAltName=DNS:labplant.azurecr.io,DNS:data.labplant.example" >leaf.ext
openssl x509 -req -days 30 -in leaf.csr -CA root.pem -CAkey root.key -extfile leaf.ext -out chain.pem
echo "edge:$(openssl passwd -apr1 lab-password)" >users
cat >registry.yml <<END
version: 0.1
storage: {inmemory: {}}
http: {addr: "127.0.0.1:5000"}
END
cat root.pem
"#;

/// Pushes the image `edge/module:1.0`, past nginx and by curl alone.
const PUSH: &str = r#"
base=http://127.0.0.1:5000/v2/edge/module
image='{"architecture":"amd64","os":"linux","rootfs":{"type":"layers","diff_ids":[]}}'
digest=sha256:$(printf %s "$image" | sha256sum | cut -d' ' -f1)
place=$(curl -sf -X POST -D - -o /dev/null $base/blobs/uploads/ | tr -d '\r' | sed -n 's/^[Ll]ocation: //p')
printf %s "$image" | curl -sf -X PUT -H 'Content-Type: application/octet-stream' --data-binary @- "$place&digest=$digest"
type=application/vnd.docker.distribution.manifest.v2+json
config="{\"mediaType\":\"application/vnd.docker.container.image.v1+json\",\"size\":${#image},\"digest\":\"$digest\"}"
printf '{"schemaVersion":2,"mediaType":"%s","config":%s,"layers":[]}' $type "$config" |
    curl -sf -X PUT -H "Content-Type: $type" --data-binary @- $base/manifests/1.0
"#;

/// Waits until the engine knows the registry's name: it reads /etc/hosts anew every five seconds.
const KNOWN_TO_THE_ENGINE: &str = "knows() {
    for attempt in $(seq 100); do
        docker pull \"$1\" 2>&1 | grep -q 'no such host' || return 0
        sleep 0.1
    done
}; knows";

/// Starts the registry with these rules of nginx for its server, and makes it known on the device:
/// its names, its authority, and the engine's credentials with `password`.
pub(crate) fn serve(lab: &mut Lab, rules: &str, password: &str) -> Result<()> {
    let root = lab.internet().sh(PREPARE)?;
    lab.serve_on_internet(
        &["docker-registry", "serve", "/run/lab/registry/registry.yml"],
        "listening on",
    )?;
    lab.internet().sh(PUSH)?;
    let configuration = format!(
        "daemon off; pid /run/lab/registry/nginx.pid; error_log stderr notice; events {{}}\n\
         http {{ access_log off; server {{\n\
           listen 20.62.128.9:443 ssl; listen 20.62.128.10:443 ssl;\n\
           ssl_certificate /run/lab/registry/chain.pem;\n\
           ssl_certificate_key /run/lab/registry/key.pem;\n\
           default_type application/json;\n\
           location / {{ proxy_pass http://127.0.0.1:5000; proxy_set_header Host $http_host; }}\n\
           {rules} }} }}\n"
    );
    lab.internet().write("/run/lab/registry/nginx.conf", &configuration)?;
    let words = ["nginx", "-e", "stderr", "-c", "/run/lab/registry/nginx.conf"];
    lab.serve_on_internet(&words, "start worker process")?;
    lab.device().write(&format!("/etc/docker/certs.d/{NAME}/ca.crt"), &root)?;
    lab.device().write(&format!("/etc/docker/certs.d/{OTHER_NAME}/ca.crt"), &root)?;
    lab.sh(&format!(
        "echo '20.62.128.9 {NAME}' >>/etc/hosts; echo '20.62.128.10 {OTHER_NAME}' >>/etc/hosts
         mkdir -p /run/lab/client
         auth=$(printf %s 'edge:{password}' | base64 -w 0)
         echo '{{\"auths\": {{\"{NAME}\": {{\"auth\": \"'$auth'\"}}}}}}' >/run/lab/client/config.json"
    ))?;
    lab.sh(&format!("{KNOWN_TO_THE_ENGINE} {NAME}/edge/none"))?;
    lab.set("DOCKER_CONFIG", "/run/lab/client");
    Ok(())
}

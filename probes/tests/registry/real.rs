//! Debian's docker-registry, alone, with passwords, and with nginx in front that refuses.

use std::fs;
use std::net::{Ipv4Addr, TcpStream};
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use edgeprobe_facts::registry::{CredentialUse, Part, Scheme};
use edgeprobe_facts::{Outcome, Token};

use crate::programs::{Running, find, start};
use crate::support::*;

/// A registry with the image `edge/module:1.0` in it.
pub(crate) struct Registry(Running);

const HTPASSWD: &str = "htpasswd";

const CONFIGURATION: &str =
    r#"{"architecture": "amd64", "os": "linux", "rootfs": {"type": "layers", "diff_ids": []}}"#;

impl Registry {
    pub(crate) async fn start(with_passwords: bool) -> Option<Self> {
        find("curl")?;
        let users = if with_passwords { Some(users(&find(HTPASSWD)?)) } else { None };
        let serving = start(&["docker-registry", "serve"], |port, folder| {
            let auth = users.map_or_else(String::new, |users| {
                let file = folder.join("users");
                fs::write(&file, users).unwrap();
                format!("auth: {{htpasswd: {{realm: Plant, path: {}}}}}\n", file.display())
            });
            format!(
                "version: 0.1\nstorage: {{inmemory: {{}}}}\n{auth}\
                 http: {{addr: \"127.0.0.1:{port}\"}}\n"
            )
        });
        let registry = Self(serving.await?);
        registry.push(with_passwords);
        Some(registry)
    }

    /// Pushes an image by curl alone.
    fn push(&self, with_passwords: bool) {
        let user = if with_passwords { format!("-u edge:{PASSWORD}") } else { String::new() };
        let digest = "$(printf %s \"$CONFIGURATION\" | sha256sum | cut -d' ' -f1)";
        let script = format!(
            r#"set -e -o pipefail; base=http://127.0.0.1:{}/v2/edge/module; digest=sha256:{digest}
            place=$(curl -sSf {user} -X POST -D - -o /dev/null $base/blobs/uploads/ | tr -d '\r' | sed -n 's/^[Ll]ocation: //p')
            printf %s "$CONFIGURATION" | curl -sSf {user} -X PUT -H 'Content-Type: application/octet-stream' --data-binary @- "$place&digest=$digest"
            type=application/vnd.docker.distribution.manifest.v2+json
            printf '{{"schemaVersion":2,"mediaType":"%s","config":{{"mediaType":"application/vnd.docker.container.image.v1+json","size":%s,"digest":"%s"}},"layers":[]}}' $type ${{#CONFIGURATION}} $digest |
                curl -sSf {user} -X PUT -H "Content-Type: $type" --data-binary @- $base/manifests/1.0"#,
            self.0.port
        );
        let push = || {
            let mut bash = Command::new("bash");
            bash.args(["-c", &script]).env("CONFIGURATION", CONFIGURATION).output().unwrap()
        };
        // A registry that has only just begun to listen once refused an image, on a machine that
        // had never run it: the image is no more than what the tests need, so it is tried again.
        let mut output = push();
        for _ in 0..2 {
            if output.status.success() {
                return;
            }
            std::thread::sleep(Duration::from_millis(500));
            output = push();
        }
        let told = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "the image cannot be pushed: {told}\n{}", self.0.words());
    }

    fn name(&self, image: &str) -> String {
        format!("localhost:{}{image}", self.0.port)
    }
}

/// `edge` and the password, as htpasswd writes them by bcrypt.
fn users(htpasswd: &Path) -> Vec<u8> {
    Command::new(htpasswd).args(["-Bbn", "edge", PASSWORD]).output().unwrap().stdout
}

/// nginx in front of a registry, by TLS; it refuses as `rule` says.
pub(crate) struct Front {
    nginx: Running,
    pub(crate) pki: Pki,
}

impl Front {
    pub(crate) async fn start(registry: &Registry, rule: &str) -> Option<Self> {
        let pki = Pki::new();
        let nginx = start(&["nginx", "-e", "stderr", "-c"], |port, folder| {
            let path = folder.display();
            fs::write(folder.join("chain.pem"), &pki.chain).unwrap();
            fs::write(folder.join("key.pem"), &pki.key).unwrap();
            format!(
                "daemon off; pid {path}/nginx.pid; error_log stderr; events {{}}\n\
                 http {{ access_log off; client_body_temp_path {path}/body;\n\
                   proxy_temp_path {path}/proxy; fastcgi_temp_path {path}/fastcgi;\n\
                   uwsgi_temp_path {path}/uwsgi; scgi_temp_path {path}/scgi;\n\
                   server {{ listen 127.0.0.1:{port} ssl; server_name localhost;\n\
                     ssl_certificate {path}/chain.pem; ssl_certificate_key {path}/key.pem;\n\
                     location / {{ proxy_pass http://127.0.0.1:{};\n\
                       proxy_set_header Host $http_host; }}\n\
                     {rule} }} }}\n",
                registry.0.port,
            )
        });
        let nginx = nginx.await?;
        Some(Self { nginx, pki })
    }

    pub(crate) fn port(&self) -> u16 {
        self.nginx.port
    }

    fn name(&self, image: &str) -> String {
        format!("localhost:{}{image}", self.port())
    }
}

#[tokio::test]
async fn an_open_registry_serves_by_plain_http_on_this_device() {
    let Some(registry) = Registry::start(false).await else { return };
    let asker = Asker::anonymous();
    let greeting = asker.ask(&registry.name("")).await;
    assert_eq!(greeting.outcome, Outcome::Pass, "{:?}", greeting.failure);
    let image = asker.ask(&registry.name("/edge/module:1.0")).await;
    assert_eq!(image.outcome, Outcome::Pass, "{:?}", image.failure);
    assert_eq!(facts(&image).scheme, Scheme::Http);
    let statuses: Vec<u16> = facts(&image).answers.iter().map(|answer| answer.status).collect();
    assert_eq!(statuses, [200, 200, 200]);
}

#[tokio::test]
async fn an_image_or_a_tag_that_is_not_there_is_unknown() {
    let Some(registry) = Registry::start(false).await else { return };
    for image in ["/edge/module:2.0", "/edge/other:1.0"] {
        let image = Asker::anonymous().ask(&registry.name(image)).await;
        assert_eq!(image.token(), Some(Token::HttpNotFound), "{:?}", image.failure);
        assert_eq!(facts(&image).last_answer().unwrap().code.as_deref(), Some("MANIFEST_UNKNOWN"));
    }
}

#[tokio::test]
async fn a_registry_with_passwords_greets_and_serves_who_has_one() {
    let Some(registry) = Registry::start(true).await else { return };
    let (alone, image) = (registry.name(""), registry.name("/edge/module:1.0"));

    let anonymous = Asker::anonymous();
    let greeting = anonymous.ask(&alone).await;
    assert_eq!(greeting.outcome, Outcome::Pass, "{:?}", greeting.failure);
    let refused = anonymous.ask(&image).await;
    assert_eq!(refused.token(), Some(Token::HttpUnauthorized), "{:?}", refused.failure);
    assert_eq!(facts(&refused).credentials, CredentialUse::NotAsked);

    let signed_in = Asker::signed_in(&[&alone]);
    for name in [&alone, &image] {
        let served = signed_in.ask(name).await;
        assert_eq!(served.outcome, Outcome::Pass, "{:?}", served.failure);
        assert_eq!(facts(&served).credentials, CredentialUse::Sent);
    }
    let elsewhere = Asker::signed_in(&["another.example"]).ask(&image).await;
    assert_eq!(facts(&elsewhere).credentials, CredentialUse::Absent);
    assert_eq!(elsewhere.token(), Some(Token::HttpUnauthorized));
}

#[tokio::test]
async fn a_front_that_refuses_is_told_from_the_registry_behind_it() {
    let Some(registry) = Registry::start(false).await else { return };
    let rule = "location /v2/edge/ { deny all; } location /v2/gone/ { return 404; }";
    let Some(front) = Front::start(&registry, rule).await else { return };
    let asker = Asker::anonymous().trusting(&front.pki.root);
    let greeting = asker.ask(&front.name("")).await;
    assert_eq!(greeting.outcome, Outcome::Pass, "{:?}", greeting.failure);
    assert_eq!(facts(&greeting).scheme, Scheme::Https);
    let denied = asker.ask(&front.name("/edge/module:1.0")).await;
    assert_eq!(denied.token(), Some(Token::HttpForbidden), "{:?}", denied.failure);
    assert_eq!(facts(&denied).part, Some(Part::Image));
    assert_eq!(facts(&denied).last_answer().unwrap().code, None);
    let gone = asker.ask(&front.name("/gone/module:1.0")).await;
    assert_eq!(gone.token(), Some(Token::HttpNotFound), "{:?}", gone.failure);
}

#[tokio::test]
async fn a_registry_by_tls_is_held_to_its_own_authorities() {
    let Some(registry) = Registry::start(false).await else { return };
    let Some(front) = Front::start(&registry, "").await else { return };
    // Loopback needs no certificate, so the name is asked for by an address that is not its own.
    let asker = Asker::anonymous();
    let loopback = asker.ask(&front.name("/edge/module:1.0")).await;
    assert_eq!(loopback.outcome, Outcome::Pass, "{:?}", loopback.failure);
    let folder = asker.access.authorities.clone().unwrap().join(front.name(""));
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("ca.crt"), &front.pki.root_pem).unwrap();
    let vouched = asker.ask(&front.name("/edge/module:1.0")).await;
    let trust = facts(&vouched).hosts[0].tls.as_ref().unwrap().trust.as_ref().unwrap();
    assert!(trust.accepted(), "{trust:?}");
}

/// A worker that outlives a test holds its port, and the lock or pipe that the tests were started with.
#[tokio::test]
async fn nginx_ends_with_its_workers() {
    let Some(registry) = Registry::start(false).await else { return };
    let Some(front) = Front::start(&registry, "").await else { return };
    let port = front.port();
    drop(front);
    let start = Instant::now();
    while TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok() {
        assert!(start.elapsed() < Duration::from_secs(20), "a worker listens still");
        std::thread::sleep(Duration::from_millis(5));
    }
}

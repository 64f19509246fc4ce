//! An engine is installed and does not answer, or refuses what the runtime asks.

use super::HOST_WORKS;
use crate::claim::{Answer, Claim, Question};
use crate::scenario::{Expected, Scenario};
use crate::{Engine, Lab, Result};

const UNAVAILABLE: Expected = Expected::blocked("engine-unavailable").never(&[
    "forward-blocked",
    "bridge-no-route",
    "port-in-use",
    "dns-container-failure",
]);

fn with_engine(lab: &Lab, fault: fn(&Engine) -> Result<()>) -> Result<()> {
    lab.engine().map_or(Ok(()), fault)
}

/// The engine behind nginx, which answers versions of its API as Docker Engine 29.0 does: 1.44 and
/// later pass, what is older is refused in the words of that engine.
const ENGINE_29: &str = r#"user root; daemon off; pid /run/lab/front.pid; error_log stderr notice; events {}
http {
  access_log off;
  upstream engine { server unix:/run/engine.sock; }
  map $http_upgrade $connection_header { default upgrade; '' close; }
  server {
    listen unix:/run/docker.sock;
    proxy_http_version 1.1;
    proxy_set_header Host localhost;
    proxy_set_header Upgrade $http_upgrade;
    proxy_set_header Connection $connection_header;
    proxy_buffering off;
    default_type application/json;
    location ~ "^/v1\.(?:[0-9]|[1-3][0-9]|4[0-3])/" {
      if ($uri ~ "^/v(?<asked>1\.[0-9]+)/") { set $version $asked; }
      return 400 '{"message":"client version $version is too old. Minimum supported API version is 1.44, please upgrade your client to a newer version"}';
    }
    location / {
      rewrite "^/v1\.[0-9]+/(.*)$" /v1.41/$1 break;
      sub_filter_types application/json;
      sub_filter_once off;
      sub_filter '"ApiVersion":"1.41"' '"ApiVersion":"1.52"';
      sub_filter '"MinAPIVersion":"1.12"' '"MinAPIVersion":"1.44"';
      proxy_pass http://engine;
    }
  }
}
"#;

const CONFIG_TOML: &str = r#"
[provisioning]
source = "manual"
connection_string = "HostName=lab-hub.azure-devices.net;DeviceId=lab;SharedAccessKey=bGFi"
"#;

fn put_before_the_engine(lab: &mut Lab) -> Result<()> {
    lab.device().write("/etc/aziot/config.toml", CONFIG_TOML)?;
    lab.device().write("/run/lab/front.conf", ENGINE_29)?;
    lab.device().sh("mv /run/docker.sock /run/engine.sock")?;
    lab.serve_on_device(
        &["nginx", "-e", "stderr", "-c", "/run/lab/front.conf"],
        "start worker process",
    )
}

const AS_THE_RUNTIME: &str = "curl -s --unix-socket /run/docker.sock http://localhost/v1.34/version | tee /dev/stderr | grep -v 'is too old'";
const IN_NO_VERSION: &str = "curl -sf --unix-socket /run/docker.sock http://localhost/version | grep -q '\"MinAPIVersion\":\"1.44\"'";

pub(super) const SCENARIOS: &[Scenario] = &[
    Scenario {
        name: "engine-dead",
        broken: "The engine was killed: its socket is still there and nobody listens on it",
        fault: |lab| with_engine(lab, Engine::kill),
        proof: &[
            HOST_WORKS,
            &[
                Claim::host(Question::Script("test -S /var/run/docker.sock"), Answer::Works),
                Claim::host(
                    Question::Script("docker version"),
                    Answer::FailsWith("Cannot connect to the Docker daemon"),
                ),
            ],
        ],
        expected: UNAVAILABLE,
        ..Scenario::HEALTHY
    },
    Scenario {
        name: "engine-silent",
        broken: "The engine hangs: its socket takes connections and never answers",
        fault: |lab| with_engine(lab, Engine::freeze),
        proof: &[HOST_WORKS, &[Claim::host(Question::Script("docker version"), Answer::Silent)]],
        expected: UNAVAILABLE,
        ..Scenario::HEALTHY
    },
    Scenario {
        name: "engine-refuses-runtime",
        broken: "The engine accepts API versions from 1.44 on, as Docker Engine 29.0 does",
        fault: put_before_the_engine,
        proof: &[
            HOST_WORKS,
            &[
                Claim::host(Question::Script(IN_NO_VERSION), Answer::Works),
                Claim::host(
                    Question::Script(AS_THE_RUNTIME),
                    Answer::FailsWith("client version 1.34 is too old"),
                ),
            ],
        ],
        expected: Expected::blocked("engine-refuses-runtime").never(&["engine-unavailable"]),
        ..Scenario::HEALTHY
    },
];

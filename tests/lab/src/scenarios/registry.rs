//! A registry that is out of reach or refuses.

use super::{BRIDGE_WORKS, HOST_WORKS};
use crate::claim::{Answer, Claim, Question};
use crate::registry::serve;
use crate::scenario::{Expected, Scenario};

const PASSWORD: &str = "lab-password";

/// nginx asks for a password, as registries do.
const ASKS: &str = "auth_basic Plant; auth_basic_user_file /run/lab/registry/users;";

/// nginx answers as Azure's address firewall does.
const FIREWALL: &str = r#"location /v2/edge/ { return 403 '{"errors":[{"code":"DENIED","message":"client with IP \'62.4.16.2\' is not allowed access. Refer https://aka.ms/acr/firewall to grant access."}]}'; }"#;

const IMAGE: &[&str] = &["--registry", "labplant.azurecr.io/edge/module:1.0"];
const SIGNED_IN: &[&str] =
    &["--registry", "labplant.azurecr.io/edge/module:1.0", "--registry-credentials"];

/// The status of a request for the image's manifest with the engine's credentials, by curl.
macro_rules! manifest {
    ($status:literal, $user:literal) => {
        Claim::host(
            Question::Script(concat!(
                "test $(curl -s -o /dev/null -w '%{http_code}' -u edge:",
                $user,
                " --cacert /etc/docker/certs.d/labplant.azurecr.io/ca.crt",
                " -H 'Accept: application/vnd.docker.distribution.manifest.v2+json'",
                " https://labplant.azurecr.io/v2/edge/module/manifests/1.0) = ",
                $status
            )),
            Answer::Works,
        )
    };
}

const PULL: Question = Question::Script("docker pull labplant.azurecr.io/edge/module:1.0");

const REGISTRY: Question = Question::Script(
    "curl -s -o /dev/null --connect-timeout 4 \
     --cacert /etc/docker/certs.d/labplant.azurecr.io/ca.crt https://labplant.azurecr.io/v2/",
);

const OTHER_HOST: Question = Question::Script("exec 3<>/dev/tcp/20.62.128.10/443");

const DENIED: Expected = Expected::blocked("registry-access-denied").never(&[
    "registry-unreachable",
    "image-not-found",
    "egress-blocked",
    "proxy-rejects",
]);

const UNREACHABLE: Expected = Expected::blocked("registry-unreachable").never(&[
    "registry-access-denied",
    "egress-blocked",
    "https-port-blocked",
    "dns-host-failure",
]);

pub(super) const SCENARIOS: &[Scenario] = &[
    Scenario {
        name: "healthy-registry-credentials",
        broken: "Nothing: a registry wants a password, and the engine has it",
        fault: |lab| serve(lab, ASKS, PASSWORD),
        proof: &[HOST_WORKS, BRIDGE_WORKS, &[manifest!("200", "lab-password")]],
        arguments: SIGNED_IN,
        ..Scenario::HEALTHY
    },
    Scenario {
        name: "registry-wrong-password",
        broken: "The registry's password was changed, and the engine has the old one",
        fault: |lab| serve(lab, ASKS, "old-password"),
        proof: &[HOST_WORKS, &[manifest!("401", "old-password"), Claim::host(PULL, Answer::Fails)]],
        arguments: SIGNED_IN,
        expected: DENIED,
        ..Scenario::HEALTHY
    },
    Scenario {
        name: "registry-repository-forbidden",
        broken: "The account may not pull this repository: 403",
        fault: |lab| serve(lab, &format!("{ASKS} location /v2/edge/ {{ deny all; }}"), PASSWORD),
        proof: &[
            HOST_WORKS,
            &[manifest!("403", "lab-password"), Claim::host(PULL, Answer::FailsWith("403"))],
        ],
        arguments: SIGNED_IN,
        expected: DENIED,
        ..Scenario::HEALTHY
    },
    Scenario {
        name: "registry-address-firewall",
        broken: "The registry's firewall does not admit this site's address",
        fault: |lab| serve(lab, FIREWALL, PASSWORD),
        proof: &[
            HOST_WORKS,
            &[
                manifest!("403", "lab-password"),
                Claim::host(PULL, Answer::FailsWith("not allowed access")),
            ],
        ],
        arguments: IMAGE,
        expected: DENIED,
        ..Scenario::HEALTHY
    },
    Scenario {
        name: "registry-wrong-tag",
        broken: "The deployment names a tag that was never pushed",
        fault: |lab| serve(lab, "", PASSWORD),
        proof: &[
            HOST_WORKS,
            &[Claim::host(
                Question::Script("docker pull labplant.azurecr.io/edge/module:2.0"),
                Answer::FailsWith("not found"),
            )],
        ],
        arguments: &["--registry", "labplant.azurecr.io/edge/module:2.0"],
        expected: Expected::blocked("image-not-found")
            .never(&["registry-access-denied", "registry-unreachable"]),
        ..Scenario::HEALTHY
    },
    Scenario {
        name: "registry-dropped",
        broken: "The site's firewall drops the registry alone",
        fault: |lab| {
            serve(lab, "", PASSWORD)?;
            let rule = "iptables -A FORWARD -d 20.62.128.9 -p tcp --dport 443 -j DROP";
            lab.router().sh(rule).map(drop)
        },
        proof: &[HOST_WORKS, &[Claim::host(REGISTRY, Answer::Fails)]],
        arguments: IMAGE,
        expected: UNREACHABLE,
        ..Scenario::HEALTHY
    },
    Scenario {
        name: "registry-data-host-dropped",
        broken: "The registry answers, and the site's firewall drops the host of its data",
        fault: |lab| {
            let rule = "location ~ /blobs/ { return 307 https://data.labplant.example/data; }";
            serve(lab, rule, PASSWORD)?;
            lab.router().sh("iptables -A FORWARD -d 20.62.128.10 -j DROP").map(drop)
        },
        proof: &[
            HOST_WORKS,
            &[
                manifest!("200", "lab-password"),
                Claim::host(REGISTRY, Answer::Works),
                Claim::host(OTHER_HOST, Answer::Silent),
            ],
        ],
        arguments: IMAGE,
        expected: UNREACHABLE,
        ..Scenario::HEALTHY
    },
    Scenario {
        name: "registry-token-host-dropped",
        broken: "The registry answers, and the site's firewall drops the host of its tokens",
        fault: |lab| {
            let rule = "location /v2/ { add_header WWW-Authenticate \
                'Bearer realm=\"https://data.labplant.example/token\"' always; return 401; }";
            serve(lab, rule, PASSWORD)?;
            lab.router().sh("iptables -A FORWARD -d 20.62.128.10 -j DROP").map(drop)
        },
        proof: &[
            HOST_WORKS,
            &[Claim::host(REGISTRY, Answer::Works), Claim::host(OTHER_HOST, Answer::Silent)],
        ],
        arguments: IMAGE,
        expected: UNREACHABLE,
        ..Scenario::HEALTHY
    },
];

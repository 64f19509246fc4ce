//! A real Squid between this device and a real registry, whose name the proxy alone resolves.

use std::fs;

use edgeprobe_probes::registry::{Part, Scheme};
use edgeprobe_probes::runtime::{self, ProxySetting};
use edgeprobe_probes::{Outcome, Step, Token};
use tempfile::TempDir;

use crate::real::{Front, Registry};
use crate::support::*;

struct Squid {
    port: u16,
    _folder: TempDir,
    _program: Running,
}

impl Squid {
    async fn start(rules: &str) -> Option<Self> {
        if !has("squid") {
            return None;
        }
        let (port, folder) = (free_port(), tempfile::tempdir().unwrap());
        let path = folder.path().display().to_string();
        // Squid gives its privileges up, and reads the names after that.
        let open = std::os::unix::fs::PermissionsExt::from_mode(0o777);
        fs::set_permissions(folder.path(), open).unwrap();
        fs::write(folder.path().join("hosts"), format!("127.0.0.1 {BEHIND_PROXY}\n")).unwrap();
        let text = format!(
            "{rules}\nhttp_access allow all\nhttp_port 127.0.0.1:{port}\npid_filename {path}/pid\n\
             cache_log {path}/log\naccess_log none\nshutdown_lifetime 0 seconds\n\
             hosts_file {path}/hosts\nvisible_hostname proxy.plant\n"
        );
        let file = folder.path().join("squid.conf");
        fs::write(&file, text).unwrap();
        let program = start(&["squid", "-N", "-f", file.to_str().unwrap()]);
        listening(port).await;
        Some(Self { port, _folder: folder, _program: program })
    }

    /// What an engine is told of it.
    fn setting(&self, no_proxy: Option<&str>) -> ProxySetting {
        ProxySetting {
            part: runtime::Part::Engine,
            https_proxy: Some(
                format!("http://edge:{PASSWORD}@127.0.0.1:{}", self.port).parse().unwrap(),
            ),
            no_proxy: no_proxy.map(str::to_owned),
            source: "the engine".to_owned(),
        }
    }
}

#[tokio::test]
async fn a_registry_that_only_the_proxy_knows_is_reached_by_it() {
    let Some(registry) = Registry::start(false).await else { return };
    let Some(front) = Front::start(&registry, "").await else { return };
    let Some(squid) = Squid::start("").await else { return };
    let mut asker = Asker::anonymous().trusting(&front.pki.root);
    asker.proxy = Some(squid.setting(None));
    let seen = asker.ask(&format!("{BEHIND_PROXY}:{}/edge/module:1.0", front.port)).await;
    assert_eq!(seen.outcome, Outcome::Pass, "{seen:#?}");
    assert_eq!(facts(&seen).scheme, Scheme::Https);
    let steps: Vec<Step> = seen.steps.iter().map(|step| step.step).collect();
    assert!(steps.contains(&Step::Proxy), "{steps:?}");
    let proxy = facts(&seen).hosts[0].proxy.as_ref().unwrap();
    assert_eq!(proxy.answer.as_ref().unwrap().status, 200);
    assert_eq!(proxy.part, runtime::Part::Engine);
}

#[tokio::test]
async fn a_proxy_that_forbids_the_registry_fails_at_the_proxy() {
    let Some(squid) = Squid::start("acl it dstdomain registry.plant\nhttp_access deny it").await
    else {
        return;
    };
    let mut asker = Asker::anonymous();
    asker.proxy = Some(squid.setting(None));
    let seen = asker.ask(BEHIND_PROXY).await;
    assert_eq!(seen.failed_step(), Some(Step::Proxy), "{seen:#?}");
    assert_eq!(seen.token(), Some(Token::ProxyForbidden));
    assert_eq!(facts(&seen).part, Some(Part::Registry));
    assert!(facts(&seen).failing_proxy().is_some());
}

#[tokio::test]
async fn a_registry_that_the_engine_reaches_without_its_proxy_is_asked_directly() {
    let Some(registry) = Registry::start(false).await else { return };
    let Some(front) = Front::start(&registry, "").await else { return };
    let mut asker = Asker::anonymous().trusting(&front.pki.root);
    // Nobody listens there.
    let nobody = format!("http://127.0.0.1:{}", free_port()).parse().unwrap();
    asker.proxy = Some(ProxySetting {
        part: runtime::Part::Engine,
        https_proxy: Some(nobody),
        no_proxy: Some("localhost".to_owned()),
        source: "the engine".to_owned(),
    });
    let seen = asker.ask(&format!("localhost:{}/edge/module:1.0", front.port)).await;
    assert_eq!(seen.outcome, Outcome::Pass, "{seen:#?}");
    assert_eq!(facts(&seen).hosts[0].proxy, None);
}

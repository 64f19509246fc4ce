//! A real Squid between this device and a real registry, whose name the proxy alone resolves.

use std::fs;

use edgeprobe_facts::proxy::NoProxyList;
use edgeprobe_facts::registry::{Part, Scheme};
use edgeprobe_facts::runtime::{self, ProxySetting};
use edgeprobe_facts::{Outcome, Step, Token};

use crate::programs::{Running, free_port, start};
use crate::real::{Front, Registry};
use crate::support::*;

struct Squid(Running);

impl Squid {
    async fn start(rules: &str) -> Option<Self> {
        let squid = start(&["squid", "-N", "-f"], |port, folder| {
            // It reads the names once it has given root up.
            fs::write(folder.join("hosts"), format!("127.0.0.1 {BEHIND_PROXY}\n")).unwrap();
            let path = folder.display();
            format!(
                "{rules}\nhttp_access allow all\nhttp_port 127.0.0.1:{port}\n\
                 pid_filename {path}/pid\ncache_log {path}/log\naccess_log none\n\
                 shutdown_lifetime 0 seconds\nhosts_file {path}/hosts\n\
                 visible_hostname proxy.plant\n"
            )
        });
        squid.await.map(Self)
    }

    /// What an engine is told of it.
    fn setting(&self, no_proxy: Option<&str>) -> ProxySetting {
        ProxySetting {
            part: runtime::Part::Engine,
            https_proxy: Some(
                format!("http://edge:{PASSWORD}@127.0.0.1:{}", self.0.port).parse().unwrap(),
            ),
            no_proxy: no_proxy.and_then(NoProxyList::parse),
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
    let seen = asker.ask(&format!("{BEHIND_PROXY}:{}/edge/module:1.0", front.port())).await;
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
        no_proxy: NoProxyList::parse("localhost"),
        source: "the engine".to_owned(),
    });
    let seen = asker.ask(&format!("localhost:{}/edge/module:1.0", front.port())).await;
    assert_eq!(seen.outcome, Outcome::Pass, "{seen:#?}");
    assert_eq!(facts(&seen).hosts[0].proxy, None);
}

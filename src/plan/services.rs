//! What else a device needs to reach: the registries of its images, and its provisioning service.

use edgeprobe_facts::endpoint::{Endpoint, Transport, Via};
use edgeprobe_facts::engine::EngineFacts;
use edgeprobe_facts::registry::{NamedBy, Query, Reference};
use edgeprobe_facts::runtime::RuntimeFacts;
use edgeprobe_facts::{Facts, Observation, Probe, Role, Vantage, clean};
use ipnet::IpNet;

use super::proxies::addresses_of;
use super::{HubName, Plan, Question, addresses};
use crate::verdict::Way;

/// Where the runtime's own images come from.
const DEFAULT_REGISTRY: &str = "mcr.microsoft.com";

/// At most this many registries and images are asked for.
const MOST_QUERIES: usize = 16;

/// At most this many addresses of the provisioning service are connected to.
const MOST_ADDRESSES: usize = 2;

impl Plan {
    /// What is worth asking of them. All of it from the host, where the engine pulls and where the
    /// identity service provisions.
    pub(super) fn of_services(&self, seen: &[Observation]) -> Vec<Question> {
        let mut questions = self.of_registries(seen);
        questions.extend(self.of_provisioning(seen));
        questions
    }

    fn of_registries(&self, seen: &[Observation]) -> Vec<Question> {
        let Some(named) = &self.registries else { return Vec::new() };
        if !self.asks(Probe::Registry) {
            return Vec::new();
        }
        // How a registry is to be asked is among the engine's settings.
        let engine = engine(seen);
        if engine.is_none() && self.asks(Probe::Engine) {
            return Vec::new();
        }
        let by_user = |reference: &Reference| (reference.clone(), NamedBy::User);
        let mut wanted: Vec<(Reference, NamedBy)> = named.iter().map(by_user).collect();
        if let Some(runtime) = runtime(seen) {
            let there = engine.map(images).unwrap_or_default();
            let parent = self.target.parent_by(seen);
            wanted.extend(named_by_the_runtime(runtime, &there, parent));
        }
        if wanted.is_empty() {
            wanted.extend(
                Reference::parse_registry(DEFAULT_REGISTRY).ok().map(|it| (it, NamedBy::Default)),
            );
        }
        let proxy = self.target.engine_s_proxy(seen);
        let mut queries: Vec<Query> = Vec::new();
        for (reference, named_by) in wanted {
            let known = queries.iter().any(|query| query.reference == reference);
            if !known && queries.len() < MOST_QUERIES {
                let insecure = engine.is_some_and(|engine| is_insecure(&reference, engine));
                queries.push(Query { reference, named_by, insecure, proxy: proxy.clone() });
            }
        }
        queries.into_iter().map(|query| Question::Registry { query }).collect()
    }

    fn of_provisioning(&self, seen: &[Observation]) -> Vec<Question> {
        let host = self.target.provisioning_by(seen).filter(|_| self.asks(Probe::Https));
        let Some(host) = host.filter(|host| host.parse::<HubName>().is_ok()) else {
            return Vec::new();
        };
        match self.target.way_to_provisioning(&host, seen) {
            Way::Direct => self.provisioning_itself(&host, seen),
            Way::By(via) => self.provisioning_by(&via, &host, seen),
            Way::Either(via) => {
                let mut questions = self.provisioning_itself(&host, seen);
                questions.extend(self.provisioning_by(&via, &host, seen));
                questions
            }
        }
    }

    /// The service by its proxy, which finds the service's address itself.
    fn provisioning_by(&self, via: &Via, host: &str, seen: &[Observation]) -> Vec<Question> {
        let mut questions = Vec::new();
        if via.url.address().is_none() {
            questions.extend(self.name_of(via, &Vantage::Host, &self.name_servers));
        }
        let by = |peer| {
            let endpoint = Endpoint { proxy: Some(via.clone()), ..provisioning(host) };
            Question::Connect { endpoint, peer }
        };
        questions.extend(addresses_of(via, seen).into_iter().take(MOST_ADDRESSES).map(by));
        questions
    }

    fn provisioning_itself(&self, host: &str, seen: &[Observation]) -> Vec<Question> {
        let role = Role::Provisioning;
        let mut questions: Vec<Question> = if self.ask_system {
            vec![Question::System { name: host.to_owned(), role }]
        } else {
            let by = |server: &std::net::SocketAddr| Question::Server {
                server: *server,
                name: host.to_owned(),
                role,
            };
            self.name_servers.iter().map(by).collect()
        };
        let connect = |peer| Question::Connect { endpoint: provisioning(host), peer };
        questions.extend(addresses(seen, role).into_iter().take(MOST_ADDRESSES).map(connect));
        questions
    }
}

/// The provisioning service. The identity service speaks HTTPS with it, and nothing else.
fn provisioning(host: &str) -> Endpoint {
    Endpoint {
        transport: Transport::Https,
        role: Role::Provisioning,
        server: host.to_owned(),
        port: 443,
        detour: None,
        proxy: None,
    }
}

fn engine(seen: &[Observation]) -> Option<&EngineFacts> {
    seen.iter().find_map(|observation| match &observation.facts {
        Facts::Engine(facts) => Some(facts),
        _ => None,
    })
}

fn runtime(seen: &[Observation]) -> Option<&RuntimeFacts> {
    seen.iter().find_map(|observation| match &observation.facts {
        Facts::Runtime(facts) => Some(&**facts),
        _ => None,
    })
}

/// The images that the engine has.
fn images(engine: &EngineFacts) -> Vec<Reference> {
    let running = engine.containers.iter().map(|container| &container.image);
    let names = engine.images.iter().flatten().chain(running);
    names.filter_map(|name| Reference::parse_image(name).ok()).collect()
}

/// The name with the parent in the place of `$upstream`, as the daemon reads it; none where no parent is
/// known.
fn of_the_parent(name: &str, parent: Option<&str>) -> Option<String> {
    match name.strip_prefix("$upstream") {
        None => Some(name.to_owned()),
        Some(rest) => parent.map(|parent| format!("{parent}{rest}")),
    }
}

/// The images and the registries that the runtime names, each image once. Of an image that is on the
/// device already no more is asked than whether its registry answers: nobody pulls it again.
fn named_by_the_runtime(
    runtime: &RuntimeFacts,
    there: &[Reference],
    parent: Option<&str>,
) -> Vec<(Reference, NamedBy)> {
    let mut named: Vec<(Reference, NamedBy)> = Vec::new();
    for setting in &runtime.images {
        let Some(image) = of_the_parent(&setting.image, parent) else { continue };
        let Ok(reference) = Reference::parse_image(&image) else { continue };
        let reference =
            if there.contains(&reference) { reference.registry_alone() } else { reference };
        let module = clean::line(&setting.module, 64);
        let known = named.iter_mut().find(|(known, _)| *known == reference);
        if let Some((_, NamedBy::Runtime { modules, .. })) = known {
            modules.push(module);
        } else {
            let source = setting.source.clone();
            named.push((reference, NamedBy::Runtime { modules: vec![module], source }));
        }
    }
    for setting in &runtime.registries {
        let Some(registry) = of_the_parent(&setting.value, parent) else { continue };
        let Ok(reference) = Reference::parse_registry(&registry) else { continue };
        let registry = reference.registry_alone();
        if !named.iter().any(|(known, _)| known.registry_alone() == registry) {
            let source = setting.source.clone();
            named.push((registry, NamedBy::Runtime { modules: Vec::new(), source }));
        }
    }
    named
}

/// Whether the engine is configured not to verify this registry: by its name, or by a network that
/// its address is in.
fn is_insecure(reference: &Reference, engine: &EngineFacts) -> bool {
    let address: Option<std::net::IpAddr> = reference.server().parse().ok();
    engine.settings.insecure_registries.iter().any(|entry| {
        let by_name = entry.eq_ignore_ascii_case(&reference.registry());
        let network = entry.parse::<IpNet>().ok();
        by_name || network.zip(address).is_some_and(|(network, ip)| network.contains(&ip))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use edgeprobe_facts::runtime::{ImageSetting, Setting};

    fn image(module: &str, image: &str) -> ImageSetting {
        let source = "/etc/aziot/config.toml".to_owned();
        ImageSetting { module: module.to_owned(), image: image.to_owned(), source }
    }

    #[test]
    fn each_image_and_each_registry_without_one_is_asked_for_once() {
        let registry = |host: &str| Setting { value: host.to_owned(), source: "file".to_owned() };
        let runtime = RuntimeFacts {
            images: vec![
                image("edgeAgent", "a.azurecr.io/agent:1"),
                image("edgeHub", "a.azurecr.io/agent:1"),
                image("x", "not an image"),
            ],
            registries: vec![registry("a.azurecr.io"), registry("b.azurecr.io")],
            ..RuntimeFacts::default()
        };
        let named = named_by_the_runtime(&runtime, &[], None);
        let words: Vec<String> = named.iter().map(|(reference, _)| reference.to_string()).collect();
        assert_eq!(words, ["a.azurecr.io/agent:1", "b.azurecr.io"]);
        let NamedBy::Runtime { modules, .. } = &named[0].1 else { panic!("{named:?}") };
        assert_eq!(modules, &["edgeAgent", "edgeHub"]);
    }

    #[test]
    fn of_an_image_that_is_there_only_the_registry_is_asked() {
        let runtime = RuntimeFacts {
            images: vec![
                image("edgeAgent", "a.azurecr.io/agent:1"),
                image("edgeHub", "a.azurecr.io/hub:1"),
            ],
            ..RuntimeFacts::default()
        };
        let engine = EngineFacts {
            images: Some(vec!["a.azurecr.io/agent:1".to_owned()]),
            ..EngineFacts::default()
        };
        let named = named_by_the_runtime(&runtime, &images(&engine), None);
        let words: Vec<String> = named.iter().map(|(reference, _)| reference.to_string()).collect();
        assert_eq!(words, ["a.azurecr.io", "a.azurecr.io/hub:1"]);
    }

    #[test]
    fn a_registry_is_insecure_by_its_name_or_by_its_network() {
        let mut engine = EngineFacts::default();
        engine.settings.insecure_registries =
            vec!["registry.plant:5000".to_owned(), "10.1.0.0/16".to_owned()];
        let of = |name: &str| is_insecure(&Reference::parse_registry(name).unwrap(), &engine);
        assert!(of("registry.plant:5000/module:1"));
        assert!(of("10.1.2.3:5000"));
        assert!(!of("registry.plant"));
        assert!(!of("10.2.0.1"));
    }

    #[test]
    fn the_parent_stands_for_upstream_in_the_name_of_an_image() {
        let image = "$upstream:443/azureiotedge-agent:1.5";
        assert_eq!(of_the_parent(image, None), None);
        let named = of_the_parent(image, Some("parent.plant.example"));
        assert_eq!(named.as_deref(), Some("parent.plant.example:443/azureiotedge-agent:1.5"));
        let other = of_the_parent("mcr.microsoft.com/a:1", None);
        assert_eq!(other.as_deref(), Some("mcr.microsoft.com/a:1"));
    }
}

//! What the runtime's own containers say of its configuration.

use super::facts::{
    Flaw, ImageSetting, Part, PortBinding, ProxySetting, RuntimeFacts, Setting, Source, SourceState,
};
use super::names;
use crate::engine::{Container, DEFAULT_NETWORKS, EngineFacts};

impl RuntimeFacts {
    /// Adds what edgeAgent and edgeHub, running or not, were made with.
    ///
    /// The hub, the parent and the network are the configuration's where it names them.
    /// `UpstreamProtocol` and the proxies are the container's: a deployment that leaves out what
    /// the configuration has takes it away.
    pub fn add_containers(&mut self, engine: &EngineFacts) {
        if let Some(agent) = engine.edge_agent() {
            self.add_agent(agent);
        }
        if let Some(hub) = engine.edge_hub() {
            self.add_image(hub);
            self.add_proxy(Part::EdgeHub, hub);
            self.add_ports(hub);
        }
        let engine_is_here = self.proxies.iter().any(|setting| setting.part == Part::Engine);
        if engine.version.is_some() && !engine_is_here {
            self.proxies.push(ProxySetting {
                part: Part::Engine,
                https_proxy: None,
                no_proxy: None,
                source: engine.endpoint.clone(),
            });
        }
    }

    fn add_agent(&mut self, agent: &Container) {
        let said = |value: &Option<String>| {
            value.clone().map(|value| Setting { value, source: agent.name.clone() })
        };
        self.hub = self.hub.take().or_else(|| said(&agent.iot_hub));
        self.add_image(agent);
        self.add_proxy(Part::EdgeAgent, agent);
        let mode = agent.network_mode.clone().filter(|mode| is_a_network(mode));
        let Some(environment) = agent.environment.as_deref() else { return };
        let network = environment.network.clone().or(mode);
        self.network = self.network.take().or_else(|| said(&network));
        let parent = environment.parent_hostname.clone().or_else(|| {
            let gateway = environment.gateway_hostname.clone();
            gateway.filter(|gateway| agent.iot_hub.as_ref() != Some(gateway))
        });
        self.parent = self.parent.take().or_else(|| said(&parent));
        // A container that the runtime did not make says nothing by leaving it out.
        let made_by_the_runtime = agent.iot_hub.is_some();
        if environment.upstream_protocol.is_some() || made_by_the_runtime {
            self.upstream_protocol = said(&environment.upstream_protocol);
        }
    }

    fn add_image(&mut self, container: &Container) {
        let Some(image) = names::image(&container.image) else { return };
        let known =
            self.images.iter().any(|known| known.module == container.name && known.image == image);
        if !known {
            let [module, source] = [&container.name, &container.name].map(Clone::clone);
            self.images.push(ImageSetting { module, image, source });
        }
    }

    fn add_proxy(&mut self, part: Part, container: &Container) {
        let Some(environment) = container.environment.as_deref() else { return };
        self.proxies.retain(|setting| setting.part != part);
        self.proxies.push(ProxySetting {
            part,
            https_proxy: environment.https_proxy.clone(),
            no_proxy: environment.no_proxy.clone(),
            source: container.name.clone(),
        });
        let detail = environment.problems.first().cloned();
        let state = if detail.is_some() { SourceState::Broken } else { SourceState::Read };
        let flaw = detail.is_some().then_some(Flaw::Proxy);
        self.sources.push(Source { name: container.name.clone(), state, detail, flaw });
    }

    /// The host's ports, each once: an engine binds one for both families.
    fn add_ports(&mut self, hub: &Container) {
        for port in &hub.published {
            let binding = PortBinding {
                host_port: port.host_port,
                container_port: port.container_port,
                source: hub.name.clone(),
            };
            if !self.ports.contains(&binding) {
                self.ports.push(binding);
            }
        }
    }
}

/// Whether a container's mode of networking names a network of the user's making.
fn is_a_network(mode: &str) -> bool {
    let of_the_engine = ["default", "host", "none", ""].contains(&mode) || mode.contains(':');
    !of_the_engine && !DEFAULT_NETWORKS.contains(&mode)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::{ContainerEnvironment, PublishedPort};

    fn setting(value: &str) -> Setting<String> {
        Setting { value: value.to_owned(), source: "/etc/aziot/config.toml".to_owned() }
    }

    fn agent(upstream_protocol: Option<&str>) -> EngineFacts {
        let environment = ContainerEnvironment {
            upstream_protocol: upstream_protocol.map(str::to_owned),
            network: Some("azure-iot-edge".to_owned()),
            ..ContainerEnvironment::default()
        };
        let agent = Container {
            name: "edgeAgent".to_owned(),
            iot_hub: Some("container.azure-devices.net".to_owned()),
            environment: Some(Box::new(environment)),
            ..Container::default()
        };
        EngineFacts { stopped: vec![agent], ..EngineFacts::default() }
    }

    #[test]
    fn the_configuration_names_the_hub_and_the_network_before_the_container_does() {
        let mut facts = RuntimeFacts { hub: Some(setting("file.net")), ..RuntimeFacts::default() };
        facts.add_containers(&agent(None));
        assert_eq!(facts.hub, Some(setting("file.net")));
        let network = facts.network.unwrap();
        assert_eq!(
            (network.value.as_str(), network.source.as_str()),
            ("azure-iot-edge", "edgeAgent")
        );
        let mut facts = RuntimeFacts::default();
        facts.add_containers(&agent(None));
        assert_eq!(facts.hub.unwrap().value, "container.azure-devices.net");
    }

    #[test]
    fn a_deployment_takes_the_configuration_s_protocol_away() {
        let configured = || RuntimeFacts {
            upstream_protocol: Some(setting("AmqpWs")),
            ..RuntimeFacts::default()
        };
        let mut facts = configured();
        facts.add_containers(&agent(None));
        assert_eq!(facts.upstream_protocol, None);
        let mut facts = configured();
        facts.add_containers(&agent(Some("Mqtt")));
        assert_eq!(facts.upstream_protocol.unwrap().value, "Mqtt");
        let mut facts = configured();
        let mut not_the_runtimes = agent(None);
        not_the_runtimes.stopped[0].iot_hub = None;
        facts.add_containers(&not_the_runtimes);
        assert_eq!(facts.upstream_protocol, Some(setting("AmqpWs")));
    }

    #[test]
    fn ports_of_both_families_are_one_binding() {
        let port = |address: &str| PublishedPort {
            address: address.parse().unwrap(),
            host_port: 8443,
            container_port: 443,
        };
        let hub = Container {
            name: "edgeHub".to_owned(),
            published: vec![port("0.0.0.0"), port("::")],
            ..Container::default()
        };
        let mut facts = RuntimeFacts::default();
        facts.add_containers(&EngineFacts { containers: vec![hub], ..EngineFacts::default() });
        assert_eq!(facts.ports.len(), 1);
        assert_eq!((facts.ports[0].host_port, facts.ports[0].container_port), (8443, 443));
    }
}

//! What the device depends on beside its hub: a proxy, a registry, provisioning, its own name.

use std::net::{IpAddr, Ipv4Addr};

use edgeprobe_facts::endpoint::Via;
use edgeprobe_facts::runtime::{
    Generation, ImageSetting, Part, Provisioning, ProxySetting, RuntimeFacts, Setting,
};

use crate::world::{CONTROL, CONTROL_ADDRESS, LAN_RESOLVER, NOBODY, World};

pub(crate) const REGISTRY: &str = "contoso.azurecr.io";
pub(crate) const REGISTRY_ADDRESS: IpAddr = IpAddr::V4(Ipv4Addr::new(20, 62, 128, 9));
/// Where the images' data come from.
pub(crate) const DATA: &str = "contoso.blob.example";
pub(crate) const DATA_ADDRESS: IpAddr = IpAddr::V4(Ipv4Addr::new(20, 62, 128, 10));
pub(crate) const PROVISIONING: &str = "global.azure-devices-provisioning.net";
pub(crate) const PROVISIONING_ADDRESS: IpAddr = IpAddr::V4(Ipv4Addr::new(20, 62, 128, 1));
/// The site's proxy, which is on the router.
pub(crate) const PROXY_ADDRESS: IpAddr = LAN_RESOLVER;

const IMAGE: &str = "contoso.azurecr.io/plant/agent:1.5";
const FILE: &str = "/etc/aziot/config.toml";

/// Every part that is told of a proxy on a device that is set up as it should be.
pub(crate) const PARTS: [Part; 5] =
    [Part::Engine, Part::Daemon, Part::IdentityService, Part::EdgeAgent, Part::EdgeHub];

/// What the installed runtime's configuration says, and how those fare whom it names.
#[derive(Clone, Debug, Default)]
pub(crate) struct Services {
    /// Whether there is a configuration; without one, nothing else here counts.
    pub(crate) configured: bool,
    pub(crate) proxy: Option<SiteProxy>,
    /// The parts that are told of a proxy that is not there.
    pub(crate) led_astray: Vec<Part>,
    pub(crate) image: Image,
    pub(crate) hostname: String,
}

/// The only way out of a site.
#[derive(Clone, Debug)]
pub(crate) struct SiteProxy {
    pub(crate) host: String,
    /// The parts that are told of it.
    pub(crate) told: Vec<Part>,
    pub(crate) says: ProxySays,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ProxySays {
    /// It opens every tunnel.
    Yes,
    /// 407.
    WhoAreYou,
    /// 403 for the hub, and yes for others.
    NotTheHub,
    /// 502 for everybody.
    CannotConnect,
}

/// What the registry does with the image that the configuration names, which is not on the device.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Image {
    #[default]
    Served,
    /// 403, for the address that is asked from.
    AddressRefused,
    /// 401, and the configuration has no credentials.
    CredentialsWanted,
    /// 404.
    Missing,
}

impl SiteProxy {
    fn via(&self, part: Part) -> Via {
        Via { url: format!("http://{}:3128", self.host).parse().unwrap(), part }
    }
}

impl World {
    /// The proxy that a part is told of.
    pub(crate) fn proxy_of(&self, part: Part) -> Option<Via> {
        if self.services.led_astray.contains(&part) {
            return Some(Via { url: format!("http://{NOBODY}:3128").parse().unwrap(), part });
        }
        let proxy = self.services.proxy.as_ref()?;
        proxy.told.contains(&part).then(|| proxy.via(part))
    }

    /// Where the hosts beside the hub are.
    pub(crate) fn honest_address(name: &str) -> Option<IpAddr> {
        [
            (CONTROL, CONTROL_ADDRESS),
            (REGISTRY, REGISTRY_ADDRESS),
            (DATA, DATA_ADDRESS),
            (PROVISIONING, PROVISIONING_ADDRESS),
        ]
        .into_iter()
        .find_map(|(known, address)| (known == name).then_some(address))
    }

    /// What the configuration says, if there is one.
    pub(crate) fn runtime(&self) -> Option<RuntimeFacts> {
        if !self.services.configured {
            return None;
        }
        let source = || FILE.to_owned();
        let proxies = PARTS.into_iter().map(|part| ProxySetting {
            part,
            https_proxy: self.proxy_of(part).map(|via| via.url),
            no_proxy: None,
            source: source(),
        });
        let image = ImageSetting {
            module: "edgeAgent".to_owned(),
            image: IMAGE.to_owned(),
            source: source(),
        };
        Some(RuntimeFacts {
            // Without an engine the configuration was written before the runtime is installed.
            generation: self.engine.as_ref().map(|_| Generation::Toml),
            version: Some(Setting { value: "1.5.21".to_owned(), source: source() }),
            hostname: Some(Setting { value: self.services.hostname.clone(), source: source() }),
            provisioning: Some(Provisioning {
                mode: "dps".to_owned(),
                endpoint: None,
                source: source(),
            }),
            images: vec![image],
            proxies: proxies.collect(),
            ..RuntimeFacts::default()
        })
    }
}

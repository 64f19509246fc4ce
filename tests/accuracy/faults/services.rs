//! What the device depends on beside its hub: registries, provisioning, its own name, a proxy.

use std::net::IpAddr;

use edgeprobe::verdict::CauseId;
use edgeprobe_facts::runtime::Part;

use super::Fault;
use crate::services::{
    DATA_ADDRESS, Image, PROVISIONING_ADDRESS, ProxySays, REGISTRY_ADDRESS, SiteProxy,
};
use crate::setting::{Device, Needs, Setting, Vpn};
use crate::world::{Block, World};

pub(super) const FAULTS: &[Fault] = &[
    Fault {
        name: "registry-dropped",
        cause: CauseId::RegistryUnreachable,
        slot: "registry",
        fits: in_the_open,
        inject: |world| drop_all_to(world, REGISTRY_ADDRESS),
    },
    Fault {
        name: "registry-data-host-dropped",
        cause: CauseId::RegistryUnreachable,
        slot: "registry",
        fits: in_the_open,
        inject: |world| drop_all_to(world, DATA_ADDRESS),
    },
    Fault {
        name: "registry-address-firewall",
        cause: CauseId::RegistryAccessDenied,
        slot: "image",
        fits: configured,
        inject: |world| world.services.image = Image::AddressRefused,
    },
    Fault {
        name: "registry-without-credentials",
        cause: CauseId::RegistryAccessDenied,
        slot: "image",
        fits: configured,
        inject: |world| world.services.image = Image::CredentialsWanted,
    },
    Fault {
        name: "image-missing",
        cause: CauseId::ImageNotFound,
        slot: "image",
        fits: configured,
        inject: |world| world.services.image = Image::Missing,
    },
    Fault {
        name: "provisioning-dropped",
        cause: CauseId::ProvisioningUnreachable,
        slot: "provisioning",
        fits: |setting| {
            in_the_open(setting) && matches!(setting.device, Device::Bare | Device::Engine)
        },
        inject: |world| drop_all_to(world, PROVISIONING_ADDRESS),
    },
    Fault {
        name: "hostname-too-long",
        cause: CauseId::HostnameInvalid,
        slot: "hostname",
        fits: configured,
        inject: |world| world.services.hostname = format!("{}.example", "edge-7.".repeat(9)),
    },
    Fault {
        name: "proxy-wants-credentials",
        cause: CauseId::ProxyRejects,
        slot: "proxy",
        fits: behind_a_proxy,
        inject: |world| proxy(world).says = ProxySays::WhoAreYou,
    },
    Fault {
        name: "proxy-forbids-hub",
        cause: CauseId::ProxyRejects,
        slot: "proxy",
        fits: behind_a_proxy,
        inject: |world| proxy(world).says = ProxySays::NotTheHub,
    },
    Fault {
        name: "proxy-cannot-reach-hub",
        cause: CauseId::ProxyRejects,
        slot: "proxy",
        fits: behind_a_proxy,
        inject: |world| proxy(world).says = ProxySays::CannotConnect,
    },
    Fault {
        name: "proxy-name-wrong",
        cause: CauseId::ProxyRejects,
        slot: "proxy",
        fits: behind_a_proxy,
        inject: |world| "proxy.site.example".clone_into(&mut proxy(world).host),
    },
    Fault {
        name: "proxy-unknown-to-edge-agent",
        cause: CauseId::ProxyRequired,
        slot: "proxy-settings",
        fits: behind_a_proxy,
        inject: |world| proxy(world).told.retain(|part| *part != Part::EdgeAgent),
    },
    Fault {
        name: "proxy-unknown-to-daemons",
        cause: CauseId::ProxyRequired,
        slot: "proxy-settings",
        fits: behind_a_proxy,
        inject: |world| {
            proxy(world).told.retain(|part| !matches!(part, Part::Daemon | Part::IdentityService));
        },
    },
    Fault {
        name: "proxy-unknown-to-engine",
        cause: CauseId::RegistryUnreachable,
        slot: "proxy-settings",
        fits: behind_a_proxy,
        inject: |world| proxy(world).told.retain(|part| *part != Part::Engine),
    },
    Fault {
        name: "proxy-of-daemon-gone",
        cause: CauseId::ProxyRejects,
        slot: "proxy-settings",
        fits: configured,
        inject: |world| world.services.led_astray.push(Part::Daemon),
    },
    Fault {
        name: "proxy-of-edge-hub-gone",
        cause: CauseId::ProxyRejects,
        slot: "proxy-settings",
        fits: |setting| configured(setting) && setting.device != Device::Bare,
        inject: |world| world.services.led_astray.push(Part::EdgeHub),
    },
];

fn configured(setting: &Setting) -> bool {
    setting.needs != Needs::Nothing
}

fn behind_a_proxy(setting: &Setting) -> bool {
    setting.needs == Needs::Proxy
}

/// What the site does to its own uplink, neither a proxy nor a tunnel for everything meets.
fn in_the_open(setting: &Setting) -> bool {
    setting.needs == Needs::Services && setting.vpn != Vpn::Full
}

fn proxy(world: &mut World) -> &mut SiteProxy {
    world.services.proxy.as_mut().unwrap()
}

fn drop_all_to(world: &mut World, address: IpAddr) {
    world.site.blocks.push(Block { to: Some(address), ports: Vec::new(), resets: false });
}

//! The faults: each a plain function on a world, with the cause that it stands for.

mod beyond;
mod bridge;
mod device;
mod names;
mod parent;
mod services;
mod vpn;

use edgeprobe::verdict::CauseId;
use edgeprobe_facts::route::vpn::Vpn;
use edgeprobe_facts::ruleset::{Family, FilterRule, Position, Tool, Verdict};

use crate::setting::{Device, Setting};
use crate::world::{Network, World};

/// One thing that is broken.
#[derive(Clone, Copy)]
pub(crate) struct Fault {
    pub(crate) name: &'static str,
    pub(crate) cause: CauseId,
    /// What it changes: two faults of one slot would undo each other, so they are not combined.
    pub(crate) slot: &'static str,
    /// The settings in which it can be had.
    pub(crate) fits: fn(&Setting) -> bool,
    pub(crate) inject: fn(&mut World),
}

/// Every fault there is.
pub(crate) fn all() -> Vec<Fault> {
    [
        device::FAULTS,
        bridge::FAULTS,
        vpn::FAULTS,
        names::FAULTS,
        beyond::FAULTS,
        services::FAULTS,
        parent::FAULTS,
    ]
    .concat()
}

/// The fault of this name.
pub(crate) fn named(name: &str) -> Fault {
    all().into_iter().find(|fault| fault.name == name).unwrap_or_else(|| panic!("no fault {name}"))
}

impl std::fmt::Debug for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

/// What a child has no use for: IoT Hub itself and the way to the internet. Nor can it have what
/// nobody does to a parent whose authority is its own: give the time in a certified answer, or look
/// into what is said.
const NOT_OF_A_CHILD: &[CauseId] = &[
    CauseId::HubNameUnknown,
    CauseId::DnsHijack,
    CauseId::CaptivePortal,
    CauseId::EgressBlocked,
    CauseId::HttpsPortBlocked,
    CauseId::TlsFiltered,
    CauseId::TlsIntercepted,
    CauseId::RootCaMissing,
    CauseId::NotIotHub,
    CauseId::ClockSkew,
    CauseId::WebsocketBlocked,
];

impl Fault {
    /// Whether it can be had on a device in this setting.
    pub(crate) fn is_of(&self, setting: &Setting) -> bool {
        (self.fits)(setting) && !(setting.is_a_child() && NOT_OF_A_CHILD.contains(&self.cause))
    }
}

fn anywhere(_: &Setting) -> bool {
    true
}

fn with_engine(setting: &Setting) -> bool {
    setting.device != Device::Bare
}

/// The network that the runtime's modules run on.
fn edge(world: &World) -> &Network {
    world.edge().unwrap()
}

fn rule(chain: &str, text: String, verdict: Verdict) -> FilterRule {
    FilterRule {
        tool: Tool::Iptables,
        family: Family::Ip,
        table: "filter".to_owned(),
        chain: chain.to_owned(),
        at: Position::Number(1),
        text,
        packets: Some(3),
        verdict: Some(verdict),
        leads_to: Vec::new(),
        sources: Vec::new(),
        narrowed: false,
        vpn: None,
        inferred: false,
    }
}

fn of_a_vpn(rule: FilterRule) -> FilterRule {
    FilterRule { vpn: Some(Vpn::Other), ..rule }
}

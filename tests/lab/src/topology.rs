//! What a lab consists of, before anything is broken in it.

use std::net::Ipv4Addr;
use std::time::Duration;

use crate::scenario::Device;
use crate::world;

/// Who is there beside the hub.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Beside {
    /// Nobody.
    Nobody,
    /// A parent device, whose Edge Hub answers on 443, 5671, 8883 and 6617; the name server knows
    /// it.
    Parent,
    /// The same, and no name server knows it.
    UnnamedParent,
    /// A proxy that breaks TLS open on the hub's ports.
    Interceptor,
}

impl Beside {
    /// Whether a parent is there.
    pub fn is_a_parent(self) -> bool {
        matches!(self, Self::Parent | Self::UnnamedParent)
    }
}

/// What a lab consists of.
#[derive(Debug, Clone, Copy)]
pub struct Topology {
    /// What runs on the device.
    pub device: Device,
    /// The engine's `daemon.json`.
    pub daemon: &'static str,
    /// The proxy that the engine's environment names; empty for none.
    pub engine_proxy: &'static str,
    /// The device's `resolv.conf`.
    pub resolv_conf: &'static str,
    /// The address that the hub has and that its name resolves to.
    pub hub: Ipv4Addr,
    /// Whether the hub's name has an IPv6 address as well; nothing answers there.
    pub hub_has_ipv6: bool,
    /// Whether the hub's name leads by way of a private endpoint's.
    pub private_link: bool,
    /// Who is there beside the hub.
    pub beside: Beside,
    /// Whether the device has a second uplink, eth1 (192.168.8.50), behind the same router.
    pub second_uplink: bool,
    /// What the way from the router to the internet adds to every round trip.
    pub round_trip: Duration,
    /// What the way from the router to the internet does to packets beside that.
    pub line: Line,
}

/// What a line does to the packets that it carries.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Line {
    /// The part of the packets that it loses, in each direction: 0 to 1.
    pub loss: f64,
    /// The most that a packet takes longer than another, in each direction.
    pub jitter: Duration,
    /// The part of the packets that later ones overtake, in each direction: 0 to 1.
    pub reordering: f64,
}

impl Line {
    /// A line that carries every packet, in order and at once.
    pub const GOOD: Self = Self { loss: 0.0, jitter: Duration::ZERO, reordering: 0.0 };
}

impl Topology {
    /// A device with the whole runtime up, one uplink, and a hub nearby.
    pub const NORMAL: Self = Self {
        device: Device::Runtime,
        daemon: "{}",
        engine_proxy: "",
        resolv_conf: "nameserver 9.9.9.9\n",
        hub: world::HUB,
        hub_has_ipv6: false,
        private_link: false,
        beside: Beside::Nobody,
        second_uplink: false,
        round_trip: Duration::ZERO,
        line: Line::GOOD,
    };
}

impl Default for Topology {
    fn default() -> Self {
        Self::NORMAL
    }
}

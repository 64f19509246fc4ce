//! A borrowed leg in a bridge: what a container on it would see, without a container.

use std::ops::Deref;

use crate::{Place, Result};

/// A network namespace on the device with one leg in a bridge; it goes when the value is dropped.
#[derive(Debug)]
pub struct Leg {
    device: Place,
    place: Place,
}

impl Leg {
    /// Joins `bridge` with an address from the top of its subnet, where no engine gives any out.
    pub(crate) fn attach(device: &Place, bridge: &str) -> Result<Self> {
        // The name is in the device's own /run and collides with nothing.
        device.sh(&format!(
            "gateway=$(ip -4 -o addr show dev {bridge} | awk '{{print $4}}')
             gateway=${{gateway%/*}}; subnet=${{gateway%.*.*}}
             ip netns add leg
             ip link add leg0 type veth peer name eth0 netns leg
             ip link set leg0 master {bridge} up
             ip -n leg addr add $subnet.255.200/16 dev eth0
             ip -n leg link set lo up; ip -n leg link set eth0 up
             ip -n leg route add default via $gateway"
        ))?;
        Ok(Self { device: device.clone(), place: device.inside(["ip", "netns", "exec", "leg"]) })
    }
}

impl Deref for Leg {
    type Target = Place;

    fn deref(&self) -> &Place {
        &self.place
    }
}

impl Drop for Leg {
    fn drop(&mut self) {
        // The device takes it along when this fails.
        let _ = self.device.sh("ip link del leg0; ip netns del leg");
    }
}

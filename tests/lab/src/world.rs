//! The names and addresses of the lab's internet.
//!
//! They look public, because the tool under test knows documentation and private ranges for what
//! they are.

use std::net::{Ipv4Addr, Ipv6Addr};

/// The name of the IoT Hub.
pub const HUB_NAME: &str = "lab-hub.azure-devices.net";
/// The address of the IoT Hub, unless a scenario moves it.
pub const HUB: Ipv4Addr = Ipv4Addr::new(20, 49, 110, 2);
/// An IPv6 address of the IoT Hub, for the scenarios in which it has one.
pub const HUB_IPV6: Ipv6Addr = Ipv6Addr::new(0x2603, 0x1030, 0x20e, 3, 0, 0, 0, 0x2);
/// The address of the name server.
pub const RESOLVER: Ipv4Addr = Ipv4Addr::new(9, 9, 9, 9);
/// The name of the control: a host that has nothing to do with the hub, the module registry.
pub const CONTROL_NAME: &str = "mcr.microsoft.com";
/// The address of the control.
pub const CONTROL: Ipv4Addr = Ipv4Addr::new(13, 107, 42, 16);
/// The name of the Device Provisioning Service, which answers at the control's address.
pub const PROVISIONING_NAME: &str = "global.azure-devices-provisioning.net";

/// The name that a hub with a private endpoint leads by.
pub const PRIVATE_LINK_NAME: &str = "lab-hub.privatelink.azure-devices.net";
/// The name of the parent device, in nested edge.
pub const PARENT_NAME: &str = "edge-parent.plant.example";
/// The address of the parent device.
pub const PARENT: Ipv4Addr = Ipv4Addr::new(10, 40, 0, 2);
/// The address of a proxy that breaks TLS open, for whoever leads connections there.
pub const INTERCEPTOR: Ipv4Addr = Ipv4Addr::new(62, 4, 18, 7);
/// Where the certificate authority of that proxy stands in the internet, PEM.
pub const INTERCEPTOR_CA_FILE: &str = "/run/lab/interceptor.pem";

/// The device's uplink, its address and its gateway.
pub const UPLINK: &str = "eth0";
/// The device's address on its uplink.
pub const DEVICE: Ipv4Addr = Ipv4Addr::new(192, 168, 1, 50);
/// The router's address on the device's uplink.
pub const GATEWAY: Ipv4Addr = Ipv4Addr::new(192, 168, 1, 1);
/// The router's address on the device's second uplink.
pub const SECOND_GATEWAY: Ipv4Addr = Ipv4Addr::new(192, 168, 8, 1);
/// A server in the company's network, behind the VPN.
pub const COMPANY_SERVER: Ipv4Addr = Ipv4Addr::new(10, 20, 0, 10);

/// The ports of IoT Hub.
pub const HUB_PORTS: [u16; 3] = [443, 5671, 8883];
/// Where the certificate authority of the lab's servers stands on the device.
pub const CA_FILE: &str = "/run/lab/ca.pem";

//! The device itself: the engine, the ports, the clock, the trust store.

use edgeprobe::verdict::CauseId;
use edgeprobe_facts::engine::{AddressPool, ApiVersion};

use super::{Fault, anywhere, with_engine};
use crate::setting::{Device, Needs, Setting};
use crate::world::{Holder, Module, World};

const DAY: f64 = 86_400.0;

pub(super) const FAULTS: &[Fault] = &[
    Fault {
        name: "engine-silent",
        cause: CauseId::EngineUnavailable,
        slot: "engine",
        fits: with_engine,
        inject: |world| world.engine.as_mut().unwrap().answers = false,
    },
    Fault {
        name: "engine-refuses-runtime",
        cause: CauseId::EngineRefusesRuntime,
        slot: "engine",
        fits: |setting| with_engine(setting) && setting.needs != Needs::Nothing,
        inject: |world| {
            let engine = world.engine.as_mut().unwrap();
            "29.1.3".clone_into(&mut engine.version);
            engine.api = (ApiVersion::new(1, 44), ApiVersion::new(1, 52));
        },
    },
    Fault {
        name: "address-pool-used-up",
        cause: CauseId::AddressPoolExhausted,
        slot: "pools",
        fits: |setting| setting.device == Device::Engine,
        inject: |world| {
            let base = "172.17.0.0/16".parse().unwrap();
            world.engine.as_mut().unwrap().pools = vec![AddressPool { base, size: 16 }];
        },
    },
    Fault {
        name: "port-held-by-process",
        cause: CauseId::PortInUse,
        slot: "port-443",
        fits: without_edge_hub,
        inject: |world| {
            let holder = Holder::Process { name: "nginx".to_owned(), pid: 811 };
            world.ports.held.push((443, holder));
        },
    },
    Fault {
        name: "port-held-by-container",
        cause: CauseId::PortInUse,
        slot: "port-8883",
        fits: |setting| without_edge_hub(setting) && with_engine(setting),
        inject: |world| {
            let holder = Holder::Container { name: "broker".to_owned() };
            world.ports.held.push((8883, holder));
            let networks = &mut world.engine.as_mut().unwrap().networks;
            let address = "172.17.0.9".parse().unwrap();
            networks.last_mut().unwrap().residents.push(Module {
                name: "broker".to_owned(),
                address,
                pid: 977,
            });
        },
    },
    Fault {
        name: "port-refused",
        cause: CauseId::PortNotPermitted,
        slot: "port-5671",
        fits: without_edge_hub,
        inject: |world| world.ports.refused.push(5671),
    },
    Fault {
        name: "clock-two-hours-behind",
        cause: CauseId::ClockSkew,
        slot: "clock",
        fits: anywhere,
        inject: |world| world.clock_ahead_s = -7200.0,
    },
    Fault {
        name: "clock-a-year-behind",
        cause: CauseId::ClockSkew,
        slot: "clock",
        fits: anywhere,
        inject: |world| world.clock_ahead_s = -365.0 * DAY,
    },
    Fault {
        name: "clock-a-year-ahead",
        cause: CauseId::ClockSkew,
        slot: "clock",
        fits: anywhere,
        inject: |world| world.clock_ahead_s = 365.0 * DAY,
    },
    Fault {
        name: "clock-ten-minutes-ahead",
        cause: CauseId::ClockSkew,
        slot: "clock",
        fits: anywhere,
        inject: |world| world.clock_ahead_s = 600.0,
    },
    Fault {
        name: "root-missing",
        cause: CauseId::RootCaMissing,
        slot: "trust",
        fits: anywhere,
        inject: |world: &mut World| world.lacks_root = true,
    },
];

fn without_edge_hub(setting: &Setting) -> bool {
    setting.device != Device::Runtime
}

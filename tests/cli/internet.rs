//! The emulator's internet on the real ports, as the other end of a cable has it.

use edgeprobe_emulator::{Fault, Internet, Plan, Scenario};

use crate::namespace::{CONTROL_ADDRESS, HUB_ADDRESS, RESOLVER_ADDRESS};

pub(crate) const HUB: &str = "contoso.azure-devices.net";

/// Serves until the test is over. The line that is announced is the roots of the device's trust
/// store, for [`roots`].
pub(crate) fn serve(fault: Option<Fault>) -> impl FnOnce(&dyn Fn(&str)) {
    move |ready| {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let plan = Plan::real(
            HUB_ADDRESS.parse().unwrap(),
            RESOLVER_ADDRESS.parse().unwrap(),
            CONTROL_ADDRESS.parse().unwrap(),
        );
        let scenario = Scenario { fault, plan, ..Scenario::on_loopback(HUB) };
        let internet = runtime.block_on(Internet::start(scenario)).unwrap();
        ready(&internet.layout().device_roots_pem.replace('\n', "|"));
        runtime.block_on(internet.stop());
    }
}

/// The announced roots in PEM.
pub(crate) fn roots(announced: &str) -> String {
    announced.replace('|', "\n")
}

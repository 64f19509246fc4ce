//! What the host alone loses, while Edge Agent's container network has what it needs.

use edgeprobe::verdict::CauseId::*;
use edgeprobe::verdict::{Effect, Status};
use edgeprobe_probes::endpoint::Transport;
use edgeprobe_probes::{Observation, Step, Token, Vantage};

use crate::device::*;

fn hosts(of: impl Fn(&Observation) -> bool) -> impl Fn(&Observation) -> bool {
    move |observation| observation.vantage == Vantage::Host && of(observation)
}

#[test]
fn a_port_that_only_edge_agent_uses_and_only_the_host_has_closed_is_a_warning() {
    let verdict = Device::networked()
        .failing(hosts(on(Transport::Amqp)), Step::Connect, Token::TimedOut)
        .expect(Status::Healthy, &[AmqpPortBlocked]);
    assert_eq!(verdict.causes[0].effect, Effect::Warns);
    assert!(verdict.outlook.edge_agent.contains("by amqp at its first attempt"));

    let verdict = Device::networked()
        .failing(hosts(on(Transport::AmqpWs)), Step::Upgrade, Token::UpgradeRefused)
        .expect(Status::Healthy, &[WebsocketBlocked]);
    assert_eq!(verdict.causes[0].effect, Effect::Warns);
}

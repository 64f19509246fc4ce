//! `mqtt-port-blocked`: 8883 is closed, another port of the same hub is open.

use edgeprobe_facts::endpoint::Transport;

use super::shared::{at_each_vantage_by, closed_alone};
use crate::verdict::cause::CauseId;
use crate::verdict::rule::Rule;

pub(super) const RULE: Rule = Rule {
    id: CauseId::MqttPortBlocked,
    examine: |evidence| {
        at_each_vantage_by(evidence, &[Transport::Mqtt], |view| closed_alone(view, Transport::Mqtt))
    },
};

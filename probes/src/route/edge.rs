//! By which way would this host forward what a container on an edge network sends?

use std::net::IpAddr;

use edgeprobe_facts::route::edge::{EdgeNetwork, EdgeRouteFacts, Lookup};
use edgeprobe_facts::{Facts, Failure, Observation, Outcome, Step, Vantage};

use super::platform;
use crate::blocking;
use crate::recorder::{Recorder, Timeline, io_failure};

/// Asks the kernel by which way it would forward from the network to `destination`, and back.
/// Nothing is sent, and no privilege is needed.
///
/// Fails at [`Step::Route`] when the kernel refuses to forward. Skipped where the kernel cannot be
/// asked: the bridge is not there, the families differ, or the system is not Linux.
pub async fn probe(timeline: Timeline, network: EdgeNetwork, destination: IpAddr) -> Observation {
    let mut recorder = Recorder::start(timeline);
    let vantage = Vantage::Bridge(crate::clean::line(&network.name, 64));
    let work = {
        let network = network.clone();
        async move {
            let patience = timeline.patience() / 2;
            let asking = move || platform::ask_edge(network, destination, patience);
            blocking::run(asking).await.map_err(|error| io_failure(Step::Route, &error))
        }
    };
    let answer = recorder.step(Step::Route, timeline.patience(), work).await;
    let (result, facts) = match answer {
        Ok(Ok(facts)) => (refusal(&facts.forward), facts),
        Ok(Err(_)) => (Ok(()), EdgeRouteFacts::unasked(network, destination)),
        Err(failure) => (Err(failure), EdgeRouteFacts::unasked(network, destination)),
    };
    let skipped = facts.forward == Lookup::NotAsked && result.is_ok();
    let subject = destination.to_string();
    let facts = Facts::EdgeRoute(Box::new(facts));
    let mut observation = recorder.finish(&vantage, &subject, subject.clone(), result, facts);
    if skipped {
        observation.outcome = Outcome::Skipped;
    }
    observation
}

fn refusal(forward: &Lookup) -> Result<(), Failure> {
    match forward {
        Lookup::Refused { token, detail } => {
            Err(Failure::new(Step::Route, *token, detail.as_str()))
        }
        Lookup::Found(_) | Lookup::NotAsked => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn network(subnet: &str) -> EdgeNetwork {
        EdgeNetwork {
            name: "azure-iot-edge".to_owned(),
            bridge: "br-edge".to_owned(),
            subnet: subnet.parse().unwrap(),
            gateway: None,
            mtu: None,
            members: Vec::new(),
        }
    }

    #[test]
    fn a_running_container_stands_for_its_network() {
        let mut network = network("172.18.0.0/16");
        network.members = vec!["10.0.0.1".parse().unwrap(), "172.18.0.5".parse().unwrap()];
        assert_eq!(network.member(), Some("172.18.0.5".parse().unwrap()));
    }

    #[test]
    fn without_containers_the_first_that_would_be_given_out_stands_for_it() {
        let mut network = network("172.18.0.0/16");
        assert_eq!(network.member(), Some("172.18.0.2".parse().unwrap()));
        network.gateway = Some("172.18.0.254".parse().unwrap());
        assert_eq!(network.member(), Some("172.18.0.1".parse().unwrap()));
    }
}

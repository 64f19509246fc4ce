//! What a probe stands on: without the answers of others there is nothing that it could ask.

use std::collections::BTreeSet;

use edgeprobe_facts::Probe;

/// What says which container networks there are.
const NETWORKS: [Probe; 2] = [Probe::Engine, Probe::RouteTables];

/// The probes with all that they stand on. With `from_networks`, what can be asked from any place is
/// to be asked from the container networks, which have to be joined first.
pub fn with_prerequisites(wanted: &BTreeSet<Probe>, from_networks: bool) -> BTreeSet<Probe> {
    let prerequisites = wanted.iter().flat_map(|probe| prerequisites_of(*probe, from_networks));
    prerequisites.chain(wanted.iter().copied()).collect()
}

fn prerequisites_of(probe: Probe, from_networks: bool) -> Vec<Probe> {
    let mut prerequisites: Vec<Probe> = Vec::new();
    match probe {
        Probe::EdgeRoute | Probe::Vantage => prerequisites.extend(NETWORKS),
        Probe::Trace => {
            prerequisites.extend(NETWORKS);
            // What is followed is a connection, from a place on the network.
            prerequisites.extend([Probe::Vantage, Probe::Tls, Probe::Websocket]);
        }
        _ => {}
    }
    if matches!(probe, Probe::Trace | Probe::Tls | Probe::Websocket | Probe::Https) {
        // What has no address is asked nothing, and why it has none the name servers tell.
        prerequisites.push(Probe::Dns);
    }
    if from_networks && is_asked_anywhere(probe) {
        prerequisites.extend(NETWORKS);
        prerequisites.push(Probe::Vantage);
    }
    prerequisites
}

/// Whether a question can be asked from the host and from a container network alike.
pub fn is_asked_anywhere(probe: Probe) -> bool {
    matches!(probe, Probe::Dns | Probe::Tls | Probe::Websocket | Probe::Https)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked_for(probe: Probe, from_networks: bool) -> Vec<Probe> {
        with_prerequisites(&[probe].into(), from_networks).into_iter().collect()
    }

    #[test]
    fn a_trace_stands_on_a_connection_from_a_network() {
        let all = asked_for(Probe::Trace, false);
        for probe in [Probe::Engine, Probe::RouteTables, Probe::Vantage, Probe::Tls] {
            assert!(all.contains(&probe), "{probe:?}");
        }
    }

    #[test]
    fn a_connection_stands_on_the_name_and_on_where_it_is_made_from() {
        assert_eq!(asked_for(Probe::Tls, false), [Probe::Dns, Probe::Tls]);
        assert!(asked_for(Probe::Tls, true).contains(&Probe::Vantage));
        assert_eq!(asked_for(Probe::Ports, true), [Probe::Ports]);
    }
}

//! From what was seen where to the stage at which an attempt vanished.

use std::net::SocketAddrV4;

use edgeprobe_facts::trace::{Answer, Departure, Reply, Stage, Trace};

use super::packet::{Message, Packet};

/// A packet that was seen on an interface.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Sighting {
    pub(crate) interface: String,
    pub(crate) direction: Direction,
    pub(crate) packet: Packet,
}

/// Whether the host took the packet from the interface or put it there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Direction {
    In,
    Out,
}

/// The attempt to connect that is followed.
#[derive(Clone, Debug)]
pub(crate) struct Attempt {
    pub(crate) bridge: String,
    /// The port that the connecting side is bound to.
    pub(crate) source_port: u16,
    pub(crate) destination: SocketAddrV4,
}

/// The attempt's own way among everything that was seen.
pub(crate) fn trace(attempt: &Attempt, sightings: &[Sighting]) -> Trace {
    let mut trace = Trace::unseen(attempt.destination);
    let Some((source, sequence)) = entry(attempt, sightings) else { return trace };
    trace.entered = Some(source);
    for sighting in sightings {
        let on_bridge = sighting.interface == attempt.bridge;
        match (sighting.packet.message, sighting.direction) {
            (Message::Open { sequence: this }, Direction::Out) if this == sequence => {
                let departure = Departure {
                    interface: sighting.interface.clone(),
                    source: sighting.packet.source,
                    destination: sighting.packet.destination,
                };
                // The kernel sends it again while no answer comes.
                if !trace.left.contains(&departure) {
                    trace.left.push(departure);
                }
            }
            (Message::Answer { sequence: this, answer }, direction) if this == sequence => {
                let reply = Reply {
                    interface: sighting.interface.clone(),
                    from: *sighting.packet.source.ip(),
                    answer,
                };
                // Whoever is asked twice may answer twice.
                let place = match direction {
                    Direction::In if !on_bridge => &mut trace.reply,
                    Direction::Out if on_bridge => &mut trace.delivered,
                    _ => continue,
                };
                place.get_or_insert(reply);
            }
            _ => {}
        }
    }
    trace.stage = stage(&trace, source);
    trace
}

/// Where the attempt came in by the bridge: its source address and its sequence number.
fn entry(attempt: &Attempt, sightings: &[Sighting]) -> Option<(SocketAddrV4, u32)> {
    sightings.iter().find_map(|sighting| match sighting.packet.message {
        Message::Open { sequence }
            if sighting.interface == attempt.bridge
                && sighting.direction == Direction::In
                && sighting.packet.source.port() == attempt.source_port
                && sighting.packet.destination == attempt.destination =>
        {
            Some((sighting.packet.source, sequence))
        }
        _ => None,
    })
}

fn stage(trace: &Trace, source: SocketAddrV4) -> Stage {
    match (&trace.delivered, &trace.reply, trace.left.first()) {
        (Some(delivered), None, None) if delivered.answer == Answer::Accepted => {
            Stage::AnsweredByHost
        }
        (Some(_), None, None) => Stage::RejectedByHost,
        (Some(_), ..) => Stage::Delivered,
        (None, Some(_), _) => Stage::ReplyLost,
        (None, None, None) => Stage::LostInside,
        (None, None, Some(departure)) if departure.source.ip() == source.ip() => {
            Stage::LeftUntranslated
        }
        (None, None, Some(_)) => Stage::NoReply,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MEMBER: &str = "172.18.0.2:40000";
    const UPLINK: &str = "192.0.2.10:40000";
    const HUB: &str = "203.0.113.10:5671";
    const SEQUENCE: u32 = 4_000_000_000;

    fn sighting(
        interface: &str,
        direction: Direction,
        from: &str,
        to: &str,
        message: Message,
    ) -> Sighting {
        let packet =
            Packet { source: from.parse().unwrap(), destination: to.parse().unwrap(), message };
        Sighting { interface: interface.to_owned(), direction, packet }
    }

    const OPEN: Message = Message::Open { sequence: SEQUENCE };

    fn answer(answer: Answer) -> Message {
        Message::Answer { sequence: SEQUENCE, answer }
    }

    fn entered() -> Sighting {
        sighting("br-edge", Direction::In, MEMBER, HUB, OPEN)
    }

    fn left(interface: &str, source: &str) -> Sighting {
        sighting(interface, Direction::Out, source, HUB, OPEN)
    }

    fn replied() -> Sighting {
        sighting("eth0", Direction::In, HUB, UPLINK, answer(Answer::Accepted))
    }

    fn delivered(how: Answer) -> Sighting {
        sighting("br-edge", Direction::Out, HUB, MEMBER, answer(how))
    }

    fn follow(sightings: &[Sighting]) -> Trace {
        let attempt = Attempt {
            bridge: "br-edge".to_owned(),
            source_port: 40000,
            destination: HUB.parse().unwrap(),
        };
        trace(&attempt, sightings)
    }

    #[test]
    fn each_stage_is_told_by_what_was_seen_last() {
        let (e, l, r) = (entered(), left("eth0", UPLINK), replied());
        let d = delivered(Answer::Accepted);
        for (sightings, stage) in [
            (vec![], Stage::NotEntered),
            (vec![e.clone()], Stage::LostInside),
            (vec![e.clone(), l.clone()], Stage::NoReply),
            (vec![e.clone(), left("eth0", MEMBER)], Stage::LeftUntranslated),
            (vec![e.clone(), l.clone(), r.clone()], Stage::ReplyLost),
            (vec![e.clone(), l.clone(), r.clone(), d.clone()], Stage::Delivered),
            (vec![e.clone(), delivered(Answer::Reset)], Stage::RejectedByHost),
            (vec![e.clone(), delivered(Answer::Unreachable { code: 13 })], Stage::RejectedByHost),
            (vec![e.clone(), d.clone()], Stage::AnsweredByHost),
        ] {
            assert_eq!(follow(&sightings).stage, stage, "{sightings:?}");
        }
    }

    #[test]
    fn the_order_in_which_sockets_are_read_does_not_matter() {
        let sightings = [delivered(Answer::Accepted), replied(), left("eth0", UPLINK), entered()];
        assert_eq!(follow(&sightings).stage, Stage::Delivered);
    }

    #[test]
    fn a_translated_port_or_destination_does_not_hide_the_packet() {
        let redirected =
            sighting("tun0", Direction::Out, "10.8.0.2:1024", "198.51.100.1:3128", OPEN);
        let trace = follow(&[entered(), redirected]);
        assert_eq!(trace.left[0].interface, "tun0");
        assert_eq!(trace.left[0].source.to_string(), "10.8.0.2:1024");
        assert_eq!(trace.stage, Stage::NoReply);
    }

    #[test]
    fn packets_of_other_attempts_are_not_taken_for_this_one() {
        let other = Message::Open { sequence: 1 };
        let sightings = [
            sighting("br-edge", Direction::In, "172.18.0.9:40001", HUB, other),
            sighting("eth0", Direction::Out, UPLINK, HUB, other),
            entered(),
        ];
        assert_eq!(follow(&sightings).stage, Stage::LostInside);
    }

    #[test]
    fn what_is_sent_again_is_told_once() {
        let again = [entered(), left("eth0", UPLINK), entered(), left("eth0", UPLINK)];
        assert_eq!(follow(&again).left.len(), 1);
    }
}

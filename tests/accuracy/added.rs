//! A fault more never makes the verdict better.

use edgeprobe::verdict::{Status, Verdict};

use crate::examine::{Breach, Case, shown};
use crate::exceptions::{UNSEEN, is_hidden, sees_all};
use crate::faults::Fault;
use crate::setting::{Ipv6, Needs};

/// A fault beside which a verdict may look better than without it.
pub(crate) struct Betters {
    /// Of the device with the fault, and the fault.
    pub(crate) when: fn(&Case, &Fault) -> bool,
    pub(crate) why: &'static str,
}

pub(crate) const BETTERS: &[Betters] = &[
    Betters {
        when: |case, _| is_hidden(UNSEEN, case),
        why: "a fault that takes away what another shows by, as said below, hides it",
    },
    Betters {
        when: |case, added| added.slot == "vpn" && !sees_all(&case.setting),
        why: "a tunnel leads the host past what the site does; containers, which it does not carry, \
              only root can ask, so that the verdict is likely",
    },
    Betters {
        when: |case, added| added.slot == "vpn" && case.setting.needs == Needs::Proxy,
        why: "a tunnel leads the engine past a site that lets out its proxy alone, of which it was \
              not told",
    },
    Betters {
        when: |case, added| {
            added.name == "tls-intercepted-by-a-trusted-root" && case.has("root-missing")
        },
        why: "the device trusts who reads along, whose certificate stands in for the hub's, the root \
              of which it lacks",
    },
    Betters {
        when: |case, added| {
            added.name == "dns-container-dead-server"
                && case.has("overlap-resolver")
                && !sees_all(&case.setting)
        },
        why: "containers ask the name servers of daemon.json and no longer the ones inside their own \
              subnet; that those are dead, only root can see",
    },
    Betters {
        when: |case, added| added.name == "overlap-resolver" && case.has("vpn-openvpn-def1-dead"),
        why: "a name server of the site is asked past the dead tunnel, so that the hub's IPv6 \
              address is known, and opens to the host",
    },
    Betters {
        when: |case, _| case.setting.ipv6 == Ipv6::Works && case.is_through_a_tunnel(),
        why: "an IPv6 connection that never opens is given up for IPv4, which goes through the \
              tunnel; one that is cut later is not",
    },
];

/// How bad a status is. One that is not decided is as bad as the worst: nothing is known to work.
fn badness(status: Status) -> u8 {
    match status {
        Status::Healthy => 0,
        Status::Degraded => 1,
        Status::Blocked | Status::Inconclusive => 2,
    }
}

/// Whether a verdict is no better than the one of the same device without any one of
/// its faults.
pub(crate) fn never_better(case: &Case, verdict: &Verdict) -> Vec<Breach> {
    let mut breaches = Vec::new();
    // Without its only fault a device is healthy, which another test holds.
    if case.faults.len() < 2 || badness(verdict.status) == badness(Status::Blocked) {
        return breaches;
    }
    for (index, added) in case.faults.iter().enumerate() {
        let fewer = case.but(index);
        let before = fewer.verdict();
        // What was left open may be decided by a fault that shows.
        let was_open = before.status == Status::Inconclusive;
        let holds = badness(verdict.status) >= badness(before.status)
            || (was_open && verdict.status != Status::Healthy)
            || BETTERS.iter().any(|it| (it.when)(case, added));
        if !holds {
            breaches.push(Breach {
                property: "adding a fault never makes the verdict better",
                detail: format!(
                    "without {added:?}: truth {}, {}; with: truth {}, {}",
                    fewer.world().truth(),
                    shown(&before),
                    case.world().truth(),
                    shown(verdict)
                ),
            });
        }
    }
    breaches
}

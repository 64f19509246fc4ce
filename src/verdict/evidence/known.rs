//! The sources that know the hub's name where another denies it.

use edgeprobe_facts::dns::AddressKind;
use edgeprobe_facts::{Observation, Role};

use super::{Answer, Connection, Evidence};

/// An answer with addresses for the hub's name.
pub(crate) struct Knowledge<'o> {
    pub(crate) answer: Answer<'o>,
    /// The connections that show the hub at one of its addresses; none where nothing shows that the
    /// answer is true.
    pub(crate) reached: Vec<&'o Observation>,
}

impl<'o> Evidence<'o> {
    /// The answers with addresses for the hub's name, from any vantage, those that are shown to be
    /// true first. A filter's answer, and an address that a hosts file pins, count only where the
    /// hub is reached there.
    pub(crate) fn knowing_the_hub(&self) -> Vec<Knowledge<'o>> {
        let views = self.views();
        let there: Vec<Connection<'o>> = views
            .iter()
            .flat_map(|view| view.connections(Role::Hub))
            .filter(|connection| connection.works() || connection.is_genuine())
            .collect();
        let answers = views.iter().flat_map(|view| view.answers(Role::Hub));
        let known = answers.filter(|answer| !answer.observation.failed()).map(|answer| {
            let named = |it: &&Connection<'o>| answer.facts.ips().any(|ip| ip == it.facts.peer);
            let reached = there.iter().filter(named).map(|it| it.observation).collect();
            Knowledge { answer, reached }
        });
        let may_be_true = |it: &Knowledge<'o>| {
            let mut kinds = it.answer.facts.ips().map(AddressKind::from_address);
            let named = kinds.any(|it| matches!(it, AddressKind::Public | AddressKind::Private));
            !it.reached.is_empty() || (named && !it.answer.facts.from_hosts_file())
        };
        let mut known: Vec<Knowledge<'o>> = known.filter(may_be_true).collect();
        known.sort_by_key(|it| it.reached.is_empty());
        known
    }
}

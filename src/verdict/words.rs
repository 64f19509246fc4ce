//! Small pieces of sentences.

use edgeprobe_facts::Vantage;
use edgeprobe_facts::dns::Resolver;
use edgeprobe_facts::route::tables::Rule;
use edgeprobe_facts::route::vpn::Vpn;
use edgeprobe_facts::runtime::Part;

use edgeprobe_language::{Text, Word};

/// Words as an enumeration: `a`, `a and b`, `a, b and c`.
pub(super) fn listed<W: Into<Word>>(words: impl IntoIterator<Item = W>) -> Word {
    Word::listed(words)
}

/// The vantage in words for a sentence.
pub(super) fn place(vantage: &Vantage) -> Word {
    match vantage {
        Vantage::Host => Text::new("place.host").into(),
        Vantage::Bridge(name) => Text::new("place.network").with("network", name).into(),
        Vantage::Module(name) => Text::new("place.module").with("module", name).into(),
    }
}

/// Who was asked for a name, as a person would write it.
pub(super) fn resolver(resolver: &Resolver) -> Word {
    match resolver {
        Resolver::System => Text::new("resolver.system").into(),
        Resolver::Server(address) if address.port() == 53 => address.ip().into(),
        Resolver::Server(address) => address.into(),
    }
}

/// A part of the device, by the name that an administrator knows it by.
pub(super) fn part(part: Part) -> Word {
    match part {
        Part::Environment => Text::new("part.environment").into(),
        Part::System => Text::new("part.system").into(),
        Part::Engine => Text::new("part.engine").into(),
        named => named.into(),
    }
}

/// A VPN's product.
pub fn vpn(product: Vpn) -> Word {
    match product {
        Vpn::Other => Text::new("vpn.unknown").into(),
        Vpn::Ppp => Text::new("vpn.ppp").into(),
        named => named.into(),
    }
}

/// A priority for a policy rule that is to be asked before this one; none where nothing is.
pub(super) fn priority_ahead_of(rule: &Rule) -> Option<u32> {
    rule.priority.checked_sub(1).filter(|before| *before > 0).map(|before| before.min(100))
}

/// A time in words: `3 days`, `25 minutes`, `less than a second`.
pub(super) fn duration(seconds: f64) -> Word {
    let seconds = seconds.abs().round();
    let (number, unit) = match seconds {
        s if s >= 172_800.0 => (s / 86_400.0, "duration.days"),
        s if s >= 7_200.0 => (s / 3_600.0, "duration.hours"),
        s if s >= 120.0 => (s / 60.0, "duration.minutes"),
        s if s < 1.0 => return Text::new("duration.less").into(),
        s if s < 2.0 => (s, "duration.second"),
        s => (s, "duration.seconds"),
    };
    Text::new(unit).with("number", Word::figure(number, 0)).into()
}

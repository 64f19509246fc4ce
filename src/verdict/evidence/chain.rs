//! The certificates of a connection's peer.

use edgeprobe_facts::endpoint::{Certificate, Trust, TrustResult};

use super::Connection;

/// The organisations that issue IoT Hub's certificates, as their certificates write them. One of
/// theirs that the device trusts and the public roots do not is a root that browsers have dropped,
/// not an interceptor.
const HUB_AUTHORITIES: [&str; 4] =
    ["DigiCert Inc", "DigiCert, Inc.", "Microsoft Corporation", "Baltimore"];

impl<'o> Connection<'o> {
    /// The peer's own certificate.
    pub(crate) fn leaf(&self) -> Option<&'o Certificate> {
        self.tls()?.chain.first()
    }

    /// Whether this device accepts the chain.
    pub(crate) fn is_accepted(&self) -> bool {
        self.trust().is_some_and(Trust::accepted)
    }

    /// Whether the chain leads to no public root and to none that the user named.
    pub(crate) fn is_foreign(&self) -> bool {
        let Some(trust) = self.trust() else { return false };
        let by_hub_authority = self.leaf().is_some_and(|leaf| {
            let organisation = organisation(&leaf.issuer);
            trust.accepted() && organisation.is_some_and(|name| HUB_AUTHORITIES.contains(&name))
        });
        trust.public == TrustResult::UnknownIssuer
            && trust.ca_file != Some(TrustResult::Trusted)
            && (trust.within_validity != TrustResult::Trusted
                || trust.device == TrustResult::Trusted)
            && !by_hub_authority
    }

    /// Whether the certificate is made out to this host name.
    pub(crate) fn is_made_out_to(&self, host: &str) -> bool {
        self.leaf().is_some_and(|leaf| leaf.names.iter().any(|name| covers(name, host)))
    }
}

/// Whether a certificate's name covers a host name (RFC 6125: a wildcard stands for one label).
fn covers(pattern: &str, host: &str) -> bool {
    match pattern.strip_prefix("*.") {
        Some(suffix) => {
            host.split_once('.').is_some_and(|(_, parent)| parent.eq_ignore_ascii_case(suffix))
        }
        None => pattern.eq_ignore_ascii_case(host),
    }
}

/// The organisation in a name as reports show it: `CN=…, O=…, C=…`. A comma may be part of it.
fn organisation(name: &str) -> Option<&str> {
    let rest = name.strip_prefix("O=").or_else(|| Some(name.split_once(", O=")?.1))?;
    let begins_another = |at: &usize| {
        let part = rest.get(*at..).and_then(|rest| rest.strip_prefix(", "));
        let kind = part.and_then(|part| Some(part.split_once('=')?.0));
        kind.is_some_and(|kind| kind.chars().all(|it| it.is_ascii_alphanumeric() || it == '.'))
    };
    let end = rest.match_indices(", ").map(|(at, _)| at).find(begins_another);
    rest.get(..end.unwrap_or(rest.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_organisation_is_read_whole_and_alone() {
        for (name, expected) in [
            ("CN=DigiCert SHA2 Secure Server CA, O=DigiCert Inc, C=US", Some("DigiCert Inc")),
            ("CN=G5, O=DigiCert, Inc., C=US", Some("DigiCert, Inc.")),
            ("O=Microsoft Corporation", Some("Microsoft Corporation")),
            ("CN=Inspection, O=Not Microsoft Corporation", Some("Not Microsoft Corporation")),
            ("CN=Microsoft Forefront TMG HTTPS Inspection", None),
            ("CN=Inspection, OU=Microsoft Corporation", None),
        ] {
            assert_eq!(organisation(name), expected, "{name}");
        }
    }

    #[test]
    fn a_wildcard_covers_one_label() {
        assert!(covers("*.azure-devices.net", "contoso.azure-devices.net"));
        assert!(!covers("*.azure-devices.net", "contoso.privatelink.azure-devices.net"));
        assert!(covers("Contoso.azure-devices.net", "contoso.azure-devices.net"));
    }
}

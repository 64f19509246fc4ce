//! A private zone that the name servers answer from in place of the public one.

use edgeprobe_facts::{Facts, Observation, Token};
use edgeprobe_verdict::CauseId::*;
use edgeprobe_verdict::{Confidence, Status};

use crate::device::*;

const LINK: &str = "contoso.privatelink.azure-devices.net";

#[test]
fn a_private_zone_without_the_hubs_record_is_not_an_unknown_hub() {
    for token in [Token::DnsNxdomain, Token::DnsNoAddress] {
        let device = Device::healthy().nameless(token, None).changed(is_hub_name, leads_by(LINK));
        let verdict = device.sure(&[HubNameUnknown]);
        let cause = &verdict.causes[0];
        assert!(cause.summary.contains("exists and has a private endpoint"), "{}", cause.summary);
        assert!(cause.summary.contains("`privatelink.azure-devices.net`"), "{}", cause.summary);
        let first = cause.remedy[0].command.as_deref().unwrap();
        assert!(first.contains("--zone-name privatelink.azure-devices.net"), "{first}");
        assert!(first.contains("--record-set-name contoso "), "{first}");
        // The name is right as it is.
        let corrects =
            |text: &str| text.contains("letter by letter") || text.contains("Correct it");
        assert!(!cause.remedy.iter().any(|it| corrects(&it.text)), "{:#?}", cause.remedy);
    }
}

#[test]
fn a_server_that_leads_to_a_private_endpoint_knows_names_of_the_internet() {
    // The control is a registry of the site's that was moved.
    Device::healthy()
        .nameless(Token::DnsNxdomain, Some(Token::DnsNxdomain))
        .changed(is_hub_name, leads_by(LINK))
        .expect(Status::Blocked, &[HubNameUnknown]);
}

#[test]
fn a_name_that_leads_on_from_the_private_link_is_not_the_private_zones() {
    let verdict = Device::healthy()
        .nameless(Token::DnsNxdomain, None)
        .changed(is_hub_name, leads_by("ihsu-prod-001.cloudapp.example"))
        .expect(Status::Blocked, &[HubNameUnknown]);
    assert!(verdict.summary.ends_with("does not exist."), "{}", verdict.summary);
    assert_eq!(verdict.causes[0].confidence, Confidence::Confirmed);
}

/// The answer of a name server follows the name to this one, at last.
fn leads_by(last: &str) -> impl Fn(&mut Observation) {
    move |observation| {
        let Facts::Dns(facts) = &mut observation.facts else { unreachable!() };
        facts.canonical_names = vec![LINK.to_owned(), last.to_owned()];
        facts.canonical_names.dedup();
    }
}

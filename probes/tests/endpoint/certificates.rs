//! Certificates that this device accepts and does not accept, and what is said of each.

use std::sync::Arc;

use edgeprobe_facts::Observation;
use edgeprobe_facts::endpoint::{Transport, Trust, TrustResult};
use edgeprobe_probes::endpoint::TrustStores;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring::{default_provider, sign::any_supported_type};
use tokio_rustls::rustls::pki_types::PrivateKeyDer;
use tokio_rustls::rustls::sign::{CertifiedKey, SingleCertAndKey};
use tokio_rustls::rustls::version::{TLS12, TLS13};

use crate::support::*;

/// Asks a hub that holds `identity`; it answers as a healthy hub does.
async fn ask(identity: &Identity, trust: &TrustStores) -> Observation {
    let hub = tls(identity.server(), async |stream| {
        answer(stream, &[SASL_HEADER, HUB_MECHANISMS]).await;
    });
    Question::about(Transport::Amqp).ask(trust, hub).await
}

fn trust(observation: &Observation) -> &Trust {
    facts(observation).tls.as_ref().unwrap().trust.as_ref().unwrap()
}

fn detail(observation: &Observation) -> &str {
    &observation.failure.as_ref().unwrap().detail
}

#[tokio::test]
async fn an_unknown_issuer_is_named_and_the_conversation_goes_on() {
    let identity = Authority::new("Inspector").issue(HUB, NOW);
    let seen = ask(&identity, &trusting(&Authority::new("Root"))).await;
    assert_eq!(failure(&seen), "tls tls_unknown_issuer");
    let expected = "issued by \"CN=Inspector, O=Contoso\"; this device does not trust it";
    assert_eq!(detail(&seen), expected);
    assert_eq!(steps(&seen), "connect tls! amqp");
    assert_eq!(facts(&seen).amqp.as_ref().unwrap().mechanisms.len(), 4);
    assert_eq!(trust(&seen).within_validity, TrustResult::UnknownIssuer);
}

#[tokio::test]
async fn a_foreign_root_of_the_same_name_is_an_unknown_issuer() {
    let identity = Authority::new("Root").issue(HUB, NOW);
    let seen = ask(&identity, &trusting(&Authority::new("Root"))).await;
    assert_eq!(failure(&seen), "tls tls_unknown_issuer");
}

#[tokio::test]
async fn a_certificate_that_issued_itself_has_an_unknown_issuer() {
    let seen = ask(&Authority::self_signed(HUB), &trusting(&Authority::new("Root"))).await;
    assert_eq!(failure(&seen), "tls tls_unknown_issuer");
    assert!(detail(&seen).contains(&format!("issued by \"CN={HUB}")), "{}", detail(&seen));
}

#[tokio::test]
async fn an_empty_store_trusts_nobody() {
    let root = Authority::new("Root");
    let stores = TrustStores::from_der(&[], None, std::slice::from_ref(&root.der));
    let seen = ask(&root.issue(HUB, NOW), &stores).await;
    assert_eq!(failure(&seen), "tls tls_unknown_issuer");
    assert_eq!(trust(&seen).device, TrustResult::UnknownIssuer);
    assert_eq!(trust(&seen).public, TrustResult::Trusted);
    assert_eq!(trust(&seen).within_validity, TrustResult::Trusted);
}

#[tokio::test]
async fn the_ca_file_is_added_to_the_devices_store() {
    let root = Authority::new("Root");
    let other = [Authority::new("Other").der.clone()];
    let stores = TrustStores::from_der(&other, Some(std::slice::from_ref(&root.der)), &other);
    let seen = ask(&root.issue(HUB, NOW), &stores).await;
    assert_eq!(failure(&seen), "none");
    assert_eq!(trust(&seen).ca_file, Some(TrustResult::Trusted));
    assert_eq!(trust(&seen).device, TrustResult::UnknownIssuer);
}

#[tokio::test]
async fn another_name_is_said() {
    let root = Authority::new("Root");
    let seen = ask(&root.issue("portal.example", NOW), &trusting(&root)).await;
    assert_eq!(failure(&seen), "tls tls_name_mismatch");
    assert_eq!(detail(&seen), format!("the certificate is for portal.example, not {HUB}"));
}

#[tokio::test]
async fn an_expired_certificate_is_good_within_its_validity() {
    let root = Authority::new("Root");
    let seen = ask(&root.issue(HUB, PAST), &trusting(&root)).await;
    assert_eq!(failure(&seen), "tls tls_expired");
    assert!(detail(&seen).contains("valid until Sun, 01 Jan 2012"), "{}", detail(&seen));
    assert_eq!(trust(&seen).within_validity, TrustResult::Trusted);
}

#[tokio::test]
async fn a_certificate_of_the_future_is_good_within_its_validity() {
    let root = Authority::new("Root");
    let seen = ask(&root.issue(HUB, FUTURE), &trusting(&root)).await;
    assert_eq!(failure(&seen), "tls tls_not_yet_valid");
    assert_eq!(trust(&seen).within_validity, TrustResult::Trusted);
}

#[tokio::test]
async fn time_does_not_hide_who_issued_the_certificate_or_for_whom() {
    let root = Authority::new("Root");
    let seen = ask(&Authority::new("Inspector").issue(HUB, PAST), &trusting(&root)).await;
    assert_eq!(failure(&seen), "tls tls_unknown_issuer");
    assert_eq!(trust(&seen).within_validity, TrustResult::UnknownIssuer);

    let seen = ask(&root.issue("portal.example", FUTURE), &trusting(&root)).await;
    assert_eq!(failure(&seen), "tls tls_name_mismatch");
    assert_eq!(trust(&seen).within_validity, TrustResult::NameMismatch);
}

#[tokio::test]
async fn an_intermediate_counts_with_its_own_time() {
    let root = Authority::new("Root");
    // Valid from 2011, within the leaf's own 2010 to 2012.
    let late = root.intermediate("Late", (2011, 2013));
    let seen = ask(&late.issue(HUB, PAST).with(&late), &trusting(&root)).await;
    assert_eq!(failure(&seen), "tls tls_expired");
    assert_eq!(trust(&seen).within_validity, TrustResult::Trusted);

    let ended = root.intermediate("Ended", PAST);
    let seen = ask(&ended.issue(HUB, NOW).with(&ended), &trusting(&root)).await;
    assert_eq!(failure(&seen), "tls tls_expired");
}

#[tokio::test]
async fn a_chain_without_its_intermediate_leads_nowhere() {
    let root = Authority::new("Root");
    let intermediate = root.intermediate("Issuing", NOW);
    let seen = ask(&intermediate.issue(HUB, NOW), &trusting(&root)).await;
    assert_eq!(failure(&seen), "tls tls_unknown_issuer");
    let seen = ask(&intermediate.issue(HUB, NOW).with(&intermediate), &trusting(&root)).await;
    assert_eq!(failure(&seen), "none");
}

#[tokio::test]
async fn a_chain_without_its_key_proves_nothing() {
    let root = Authority::new("Root");
    let copied = root.issue(HUB, NOW);
    let own = root.issue(HUB, NOW).key.serialize_der();
    let key = any_supported_type(&PrivateKeyDer::try_from(own).unwrap()).unwrap();
    let pair = Arc::new(SingleCertAndKey::from(CertifiedKey::new(copied.chain.clone(), key)));
    for version in [&TLS12, &TLS13] {
        let impostor = ServerConfig::builder_with_provider(Arc::new(default_provider()))
            .with_protocol_versions(&[version])
            .unwrap()
            .with_no_client_auth()
            .with_cert_resolver(pair.clone());
        let seen =
            Question::about(Transport::Amqp).ask(&trusting(&root), tls(impostor, close)).await;
        assert_eq!(failure(&seen), "tls tls_bad_certificate");
        assert!(!facts(&seen).tls.as_ref().unwrap().established);
    }
}

//! Chains that are made to take long: each is verified within a run's work, or is said not to be.

use std::time::{Duration, Instant};

use edgeprobe_facts::endpoint::{Transport, TrustResult};
use edgeprobe_facts::{Observation, Outcome, Token};
use edgeprobe_probes::endpoint::TrustStores;
use rcgen::{GeneralSubtree, NameConstraints};
use tokio::time::MissedTickBehavior;

use crate::support::*;

/// What a run of these tests is given.
const LIMIT: Duration = Duration::from_secs(3);

/// When an observation must have ended. What webpki alone would do with these chains takes a minute.
const LATEST: Duration = Duration::from_secs(8);

/// Asks a hub that shows this certificate, as a run does: several times, with everything else going on.
async fn ask(identity: &Identity, trust: &TrustStores) -> Vec<Observation> {
    let server = identity.unread_server();
    let trust = trust.for_a_run(LIMIT);
    let begun = Instant::now();
    let asking = async {
        let mut seen = Vec::new();
        for _ in 0..4 {
            let hub = tls(server.clone(), async |stream| {
                answer(stream, &[SASL_HEADER, HUB_MECHANISMS]).await;
            });
            let question = Question { limit: LIMIT, ..Question::about(Transport::Amqp) };
            seen.push(question.ask(&trust, hub).await);
        }
        seen
    };
    // The thread that all questions share goes on meanwhile.
    let mut ticks = 0_u32;
    let ticking = async {
        let mut interval = tokio::time::interval(Duration::from_millis(1));
        interval.set_missed_tick_behavior(MissedTickBehavior::Skip);
        loop {
            interval.tick().await;
            ticks += 1;
        }
    };
    let seen = tokio::select! {
        seen = asking => seen,
        () = ticking => unreachable!("it never ends"),
    };
    assert!(begun.elapsed() < LATEST, "it took {:?}", begun.elapsed());
    seen
}

fn within_validity(seen: &Observation) -> TrustResult {
    facts(seen).tls.as_ref().unwrap().trust.as_ref().unwrap().within_validity
}

/// A chain of so many authorities of one name, the issuer of the first certificate not among them.
fn namesakes(count: usize) -> Identity {
    let mut identity = Authority::new("Same").issue(HUB, NOW);
    for _ in 0..count {
        identity = identity.with(&Authority::new("Same"));
    }
    identity
}

#[tokio::test]
async fn many_authorities_of_one_name_are_not_verified_and_the_conversation_goes_on() {
    let trust = trusting(&Authority::new("Root"));
    for seen in ask(&namesakes(9), &trust).await {
        assert_eq!(seen.token(), Some(Token::TlsNotVerified), "{:?}", seen.failure);
        assert_eq!(seen.outcome, Outcome::Skipped);
        assert_eq!(within_validity(&seen), TrustResult::NotVerified);
        assert_eq!(
            facts(&seen).amqp.as_ref().unwrap().mechanisms.len(),
            4,
            "it was asked all the same"
        );
        let detail = &seen.failure.as_ref().unwrap().detail;
        assert!(detail.starts_with("issued by \"CN=Same, O=Contoso\""), "{detail}");
    }
}

#[tokio::test]
async fn what_fails_under_a_chain_that_is_not_verified_fails() {
    let trust = trusting(&Authority::new("Root"));
    let closing = tls(namesakes(9).server(), close);
    let seen = Question::about(Transport::Amqp).ask(&trust, closing).await;
    assert_eq!(failure(&seen), "amqp connection_closed");
}

#[tokio::test]
async fn a_path_that_is_found_among_namesakes_stands() {
    let root = Authority::new("Root");
    let own = root.intermediate("Same", NOW);
    let mut identity = own.issue(HUB, NOW).with(&own);
    for _ in 0..8 {
        identity = identity.with(&Authority::new("Same"));
    }
    for seen in ask(&identity, &trusting(&root)).await {
        assert_eq!(failure(&seen), "none");
    }
}

#[tokio::test]
async fn a_hundred_certificates_that_lead_nowhere_hide_nothing() {
    let (root, stranger) = (Authority::new("Root"), Authority::new("Inspector"));
    let others: Vec<Authority> =
        (0..100).map(|number| Authority::new(&format!("Other {number}"))).collect();
    let with_others =
        |authority: &Authority| others.iter().fold(authority.issue(HUB, NOW), Identity::with);
    for seen in ask(&with_others(&root), &trusting(&root)).await {
        assert_eq!(failure(&seen), "none");
        assert_eq!(facts(&seen).tls.as_ref().unwrap().chain.len(), 10, "few are described");
    }
    for seen in ask(&with_others(&stranger), &trusting(&root)).await {
        assert_eq!(failure(&seen), "tls tls_unknown_issuer");
    }
}

#[tokio::test]
async fn a_ring_of_a_hundred_authorities_is_not_verified() {
    let mut identity = Authority::new("A0").issue(HUB, NOW);
    for number in 0..100 {
        // Each is named as the issuer of the one before.
        let issuer = Authority::new(&format!("A{}", (number + 1) % 100));
        identity = identity.with(&issuer.intermediate(&format!("A{number}"), NOW));
    }
    for seen in ask(&identity, &trusting(&Authority::new("Root"))).await {
        assert_eq!(seen.token(), Some(Token::TlsNotVerified), "{:?}", seen.failure);
    }
}

#[tokio::test]
async fn constraints_on_more_names_than_can_be_compared_are_not_verified() {
    let root = Authority::new("Root");
    let mut constraints = NameConstraints {
        permitted_subtrees: vec![GeneralSubtree::DnsName("example".to_owned())],
        excluded_subtrees: Vec::new(),
    };
    constraints.excluded_subtrees =
        (0..600).map(|number| GeneralSubtree::DnsName(format!("n{number}.test"))).collect();
    let constrained = root.constrained("Constrained", constraints);
    let mut names = vec![HUB.to_owned()];
    names.extend((0..600).map(|number| format!("m{number}.example")));
    let identity = constrained.issue_for(&names, NOW).with(&constrained);
    for seen in ask(&identity, &trusting(&root)).await {
        assert_eq!(seen.token(), Some(Token::TlsNotVerified), "{:?}", seen.failure);
    }
    // As many as can be compared are.
    let few = constrained.issue_for(&names[..100], NOW).with(&constrained);
    for seen in ask(&few, &trusting(&root)).await {
        assert_eq!(failure(&seen), "none");
    }
}

#[tokio::test]
async fn a_megabyte_of_names_ends_the_handshake() {
    let root = Authority::new("Root");
    let names: Vec<String> =
        (0..40_000).map(|number| format!("name-number-{number}.example")).collect();
    for seen in ask(&root.issue_for(&names, NOW), &trusting(&root)).await {
        assert_eq!(failure(&seen), "tls tls_handshake_failed", "{:?}", seen.failure);
    }
    // What a message can hold is read, and few of the names are kept.
    let mut names = names[..1_500].to_vec();
    names.push(HUB.to_owned());
    for seen in ask(&root.issue_for(&names, NOW), &trusting(&root)).await {
        assert_eq!(failure(&seen), "none");
        assert_eq!(facts(&seen).tls.as_ref().unwrap().chain[0].names.len(), 16);
    }
}

#[tokio::test]
async fn a_store_of_which_a_part_was_not_read_refuses_nobody() {
    let other = Authority::new("Other").der;
    let whole = TrustStores::from_der(&[other], None, &[]);
    let mut roots = serde_json::to_value(&*whole.roots()).unwrap();
    roots["is_part"] = true.into();
    let part = TrustStores::from_roots(&serde_json::from_value(roots).unwrap());
    let identity = Authority::new("Root").issue(HUB, NOW);
    let hub = tls(identity.server(), async |stream| {
        answer(stream, &[SASL_HEADER, HUB_MECHANISMS]).await;
    });
    let seen = Question::about(Transport::Amqp).ask(&part, hub).await;
    assert_eq!(seen.token(), Some(Token::TlsNotVerified), "{:?}", seen.failure);
}

//! Holds a chain against each trust store, now and at a moment when time cannot be what is wrong.

use std::time::Duration;

use edgeprobe_facts::endpoint::{Trust, TrustResult};
use tokio_rustls::rustls::client::danger::ServerCertVerifier;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use tokio_rustls::rustls::{CertificateError, Error};
use x509_parser::prelude::{FromDer, X509Certificate};

use super::stores::{Store, TrustStores};

/// What each store says of the chain; nothing when the peer sent no certificate.
///
/// When several things are wrong, the first of these is said: no root of the store issued the
/// chain, the chain is bad in itself, it is another name's, its time is wrong. So a wrong clock
/// hides neither an unknown issuer nor a wrong name, and `Trust::within_validity` tells whether
/// time is all that is wrong.
pub(super) fn judge(
    chain: &[CertificateDer<'_>],
    name: &ServerName<'_>,
    stores: &TrustStores,
    now: UnixTime,
) -> Option<Trust> {
    let (leaf, intermediates) = chain.split_first()?;
    let case = Case { leaf, intermediates, name, moments: moments(chain, now) };
    let every = [Some(&stores.device), stores.ca_file.as_ref(), Some(&stores.public)];
    Some(Trust {
        device: case.now(&stores.device, now),
        ca_file: stores.ca_file.as_ref().map(|store| case.now(store, now)),
        public: case.now(&stores.public, now),
        within_validity: best(every.into_iter().flatten().map(|store| case.within_validity(store))),
    })
}

struct Case<'a> {
    leaf: &'a CertificateDer<'a>,
    intermediates: &'a [CertificateDer<'a>],
    name: &'a ServerName<'a>,
    moments: Vec<UnixTime>,
}

impl Case<'_> {
    fn now(&self, store: &Store, now: UnixTime) -> TrustResult {
        match self.within_validity(store) {
            TrustResult::Trusted => self.at(store, now),
            wrong => wrong,
        }
    }

    fn within_validity(&self, store: &Store) -> TrustResult {
        best(self.moments.iter().map(|moment| self.at(store, *moment)))
    }

    fn at(&self, store: &Store, moment: UnixTime) -> TrustResult {
        let Some(verifier) = &store.verifier else { return TrustResult::UnknownIssuer };
        let chain =
            verifier.verify_server_cert(self.leaf, self.intermediates, self.name, &[], moment);
        match chain.map_err(|error| result(&error)) {
            Ok(_) => TrustResult::Trusted,
            // A certificate that issued itself leads to no root, whatever else it is: the usual
            // self-signed ones are also authorities, which a server's certificate must not be.
            Err(TrustResult::Bad) if issued_itself(self.leaf) => TrustResult::UnknownIssuer,
            Err(wrong) => wrong,
        }
    }
}

fn result(error: &Error) -> TrustResult {
    let Error::InvalidCertificate(reason) = error else { return TrustResult::Bad };
    match reason {
        // A foreign root that bears the name of one in the store shows as a bad signature.
        CertificateError::UnknownIssuer | CertificateError::BadSignature => {
            TrustResult::UnknownIssuer
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            TrustResult::NameMismatch
        }
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => TrustResult::Expired,
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            TrustResult::NotYetValid
        }
        _ => TrustResult::Bad,
    }
}

/// The result that says most of the chain itself, and least of the time it was looked at.
fn best(results: impl Iterator<Item = TrustResult>) -> TrustResult {
    let rank = |result: &TrustResult| match result {
        TrustResult::Trusted => 0,
        // The name is looked at only after the chain was found good.
        TrustResult::NameMismatch => 1,
        TrustResult::Bad => 2,
        TrustResult::UnknownIssuer => 3,
        TrustResult::Expired | TrustResult::NotYetValid => 4,
    };
    results.min_by_key(rank).unwrap_or(TrustResult::UnknownIssuer)
}

/// Moments within the leaf's validity, one of which is within every intermediate's if any is.
///
/// Where validities overlap, the overlap begins with one of them; so their beginnings are enough.
fn moments(chain: &[CertificateDer<'_>], now: UnixTime) -> Vec<UnixTime> {
    let validities: Vec<(i64, i64)> = chain
        .iter()
        .filter_map(|der| X509Certificate::from_der(der).ok())
        .map(|(_, certificate)| certificate.validity().clone())
        .map(|validity| (validity.not_before.timestamp(), validity.not_after.timestamp()))
        .collect();
    let Some(&(begin, end)) = validities.first() else { return vec![now] };
    let mut moments: Vec<UnixTime> = validities
        .iter()
        .filter(|(not_before, _)| (begin..=end).contains(not_before))
        .filter_map(|(not_before, _)| u64::try_from(*not_before).ok())
        .map(|seconds| UnixTime::since_unix_epoch(Duration::from_secs(seconds)))
        .collect();
    moments.push(now);
    moments
}

fn issued_itself(der: &CertificateDer<'_>) -> bool {
    X509Certificate::from_der(der)
        .is_ok_and(|(_, certificate)| certificate.subject() == certificate.issuer())
}

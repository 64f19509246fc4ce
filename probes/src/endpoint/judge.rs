//! Holds a chain against a trust store, now and at a moment when time cannot be what is wrong.

use edgeprobe_facts::endpoint::TrustResult;
use tokio_rustls::rustls::client::danger::ServerCertVerifier;
use tokio_rustls::rustls::pki_types::{ServerName, UnixTime};
use tokio_rustls::rustls::{CertificateError, Error};

use super::chain::Chain;
use super::stores::Store;

/// What a store says of a chain for a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Judgement {
    pub(super) now: TrustResult,
    /// The best at any moment within the validity of the peer's certificate.
    pub(super) within_validity: TrustResult,
}

impl Judgement {
    pub(super) const NONE: Self =
        Self { now: TrustResult::NotVerified, within_validity: TrustResult::NotVerified };
}

/// Verifies the chain for a name against a store as long as there is `work` left.
///
/// When several things are wrong, the first of these is said: no root of the store issued the
/// chain, the chain is bad in itself, it is another name's, its time is wrong. So a wrong clock
/// hides neither an unknown issuer nor a wrong name, and `within_validity` tells whether time is all
/// that is wrong.
pub(super) fn judge(
    chain: &Chain,
    name: &ServerName<'_>,
    store: &Store,
    now: UnixTime,
    work: &mut impl FnMut(&mut dyn FnMut() -> TrustResult) -> TrustResult,
) -> Judgement {
    let mut at = |moment| work(&mut || verify(chain, name, store, moment));
    let at_present = at(now);
    if at_present == TrustResult::Trusted {
        return Judgement { now: at_present, within_validity: at_present };
    }
    let others = chain.other_moments(now).into_iter().map(at);
    let within_validity = best(std::iter::once(at_present).chain(others));
    let now = if within_validity == TrustResult::Trusted { at_present } else { within_validity };
    let proven = |result| if is_proven(chain, store, result) { result } else { NOT_VERIFIED };
    Judgement { now: proven(now), within_validity: proven(within_validity) }
}

const NOT_VERIFIED: TrustResult = TrustResult::NotVerified;

/// Whether a result stands. A path that was found stands, whatever was left out; that none was found
/// does not where a certificate or a root may be missing.
fn is_proven(chain: &Chain, store: &Store, result: TrustResult) -> bool {
    let is_found = matches!(result, TrustResult::Trusted | TrustResult::NameMismatch);
    is_found || (chain.is_complete() && store.is_whole())
}

fn verify(chain: &Chain, name: &ServerName<'_>, store: &Store, moment: UnixTime) -> TrustResult {
    let Some(verifier) = &store.verifier else { return TrustResult::UnknownIssuer };
    let (Some(leaf), others) = chain.split() else { return TrustResult::Bad };
    match verifier.verify_server_cert(leaf, &others, name, &[], moment).map_err(|e| result(&e)) {
        Ok(_) => TrustResult::Trusted,
        // A certificate that issued itself leads to no root, whatever else it is: the usual
        // self-signed ones are also authorities, which a server's certificate must not be.
        Err(TrustResult::Bad) if chain.is_issued_by_itself() => TrustResult::UnknownIssuer,
        Err(wrong) => wrong,
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
        CertificateError::Other(other) if is_too_much(other.0.downcast_ref()) => NOT_VERIFIED,
        _ => TrustResult::Bad,
    }
}

/// Whether webpki gave up for the work that the chain makes.
fn is_too_much(error: Option<&webpki::Error>) -> bool {
    matches!(
        error,
        Some(
            webpki::Error::MaximumSignatureChecksExceeded
                | webpki::Error::MaximumPathBuildCallsExceeded
                | webpki::Error::MaximumNameConstraintComparisonsExceeded
        )
    )
}

/// The result that says most of the chain itself, and least of the time it was looked at.
pub(super) fn best(results: impl Iterator<Item = TrustResult>) -> TrustResult {
    let rank = |result: &TrustResult| match result {
        TrustResult::Trusted => 0,
        // The name is looked at only after the chain was found good.
        TrustResult::NameMismatch => 1,
        // What is not known might be better than all that follows.
        TrustResult::NotVerified => 2,
        TrustResult::Bad => 3,
        TrustResult::UnknownIssuer => 4,
        TrustResult::Expired | TrustResult::NotYetValid => 5,
    };
    results.min_by_key(rank).unwrap_or(TrustResult::UnknownIssuer)
}

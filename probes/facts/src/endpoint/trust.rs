//! Which trust stores a certificate chain verifies against.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What each store says of the chain that the peer sent, for the name that was asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Trust {
    /// The device's own store, now.
    pub device: TrustResult,
    /// The certificates of `--ca-file`, now; absent without that option.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ca_file: Option<TrustResult>,
    /// The public roots that edgeprobe contains: the control for the device's store.
    pub public: TrustResult,
    /// The best of the three at a moment within the certificate's validity. Differs from the
    /// others when time is all that is wrong.
    pub within_validity: TrustResult,
}

impl Trust {
    /// Whether this device accepts the chain, by its own store or by `--ca-file`.
    pub fn accepted(&self) -> bool {
        self.verdict() == TrustResult::Trusted
    }

    /// Whether this device trusts the chain: the better of its own store and `--ca-file`.
    pub fn verdict(&self) -> TrustResult {
        match self.ca_file {
            Some(TrustResult::Trusted) => TrustResult::Trusted,
            Some(TrustResult::NotVerified) if self.device != TrustResult::Trusted => {
                TrustResult::NotVerified
            }
            Some(result) if self.device == TrustResult::UnknownIssuer => result,
            _ => self.device,
        }
    }
}

/// The outcome of verifying a chain against one store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TrustResult {
    /// The chain leads to a root of the store, is valid now, and is for this name.
    Trusted,
    /// The chain leads to no root of the store.
    UnknownIssuer,
    /// The certificate is another name's.
    NameMismatch,
    /// The validity of a certificate of the chain has ended.
    Expired,
    /// The validity of a certificate of the chain has not begun.
    NotYetValid,
    /// The chain is bad in another way: signature, purpose, encoding, revocation.
    Bad,
    /// The chain was not verified to the end: that takes more work than a run does, or a part of the
    /// store was not read. It is neither good nor bad.
    NotVerified,
}

//! Who certifies whom, and who trusts whom.

use std::time::{Duration, SystemTime};

use tokio_rustls::rustls::pki_types::CertificateDer;

use super::Fault;
use crate::authority::{Authority, AuthorityError, Identity, Validity};

/// How far servers are ahead of the device under [`Fault::ClockSkew`].
pub(super) const SKEW: Duration = Duration::from_hours(72);
/// How long the device has then to wait until their certificates are valid: by their own clocks
/// they were issued a day ago.
const NOT_YET: Duration = Duration::from_hours(48);

/// The wildcard under which IoT Hub's certificates are issued.
const HUB_WILDCARD: &str = "*.azure-devices.net";

/// The certificates of an internet and the roots that its devices know.
#[derive(Debug)]
pub(super) struct Trust {
    pub(super) hub: Identity,
    pub(super) control: Identity,
    /// What an intercepting proxy shows for the hub and for the control host.
    pub(super) intercepted: Identity,
    pub(super) portal: Identity,
    pub(super) block_page: Identity,
    pub(super) device: Store,
    pub(super) public: Store,
    /// The root of the intercepting proxy's authority.
    pub(super) interceptor_pem: String,
}

/// Roots that are trusted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Store {
    pub(super) der: Vec<CertificateDer<'static>>,
    pub(super) pem: String,
}

impl Store {
    fn from_authorities(authorities: &[&Authority]) -> Self {
        Self {
            der: authorities.iter().map(|authority| authority.root_certificate().clone()).collect(),
            pem: authorities.iter().map(|authority| authority.root_pem()).collect(),
        }
    }
}

impl Trust {
    pub(super) fn new(
        hub: &str,
        control: &str,
        fault: Option<Fault>,
    ) -> Result<Self, AuthorityError> {
        // As in the world: the hub and the control host lead to different public roots, so one can
        // be missing without the other; and both issue through an intermediate.
        let hub_root = Authority::root("Emulated Global Root")?;
        let hub_issuer = hub_root.intermediate("Emulated Hub Issuing CA")?;
        let control_root = Authority::root("Emulated Web Root")?;
        let control_issuer = control_root.intermediate("Emulated Web Issuing CA")?;
        let gateway = Authority::root("Emulated Web Gateway CA")?;

        let now = SystemTime::now();
        let usual = Validity::around(now);
        let lately = match fault {
            Some(Fault::ClockSkew) => Validity::beginning_after(now, NOT_YET),
            _ => usual,
        };
        Ok(Self {
            hub: hub_issuer.issue(&[HUB_WILDCARD, hub], lately)?,
            control: control_issuer.issue(&[control], lately)?,
            intercepted: gateway.issue(&[hub, control], usual)?,
            portal: gateway.issue(&["portal.emulated.example"], usual)?,
            block_page: gateway.issue(&["block-page.emulated.example"], usual)?,
            device: match fault {
                Some(Fault::RootCaMissing) => Store::from_authorities(&[&control_root]),
                _ => Store::from_authorities(&[&hub_root, &control_root]),
            },
            public: Store::from_authorities(&[&hub_root, &control_root]),
            interceptor_pem: gateway.root_pem().to_owned(),
        })
    }
}

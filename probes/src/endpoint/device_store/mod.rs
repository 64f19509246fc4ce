//! The certificates that this device trusts by its own store.

#[cfg_attr(all(unix, not(target_os = "macos")), path = "files.rs")]
#[cfg_attr(not(all(unix, not(target_os = "macos"))), path = "elsewhere.rs")]
mod platform;

use std::io;
use std::path::PathBuf;

use tokio_rustls::rustls::pki_types::CertificateDer;

pub(super) use platform::read;

/// What was read of the device's store.
#[derive(Debug, Default)]
pub(super) struct DeviceStore {
    pub(super) certificates: Vec<CertificateDer<'static>>,
    /// How many files and certificates could not be read.
    pub(super) unreadable: usize,
    /// Whether all that is there was looked at. Otherwise a root that is not among the certificates
    /// may be in the store.
    pub(super) is_whole: bool,
}

/// A variable names what cannot be the device's store.
#[derive(Debug)]
#[cfg_attr(not(unix), expect(dead_code, reason = "files are read on the seam's other side"))]
pub(super) struct Unusable {
    pub(super) variable: &'static str,
    pub(super) path: PathBuf,
    pub(super) source: io::Error,
}

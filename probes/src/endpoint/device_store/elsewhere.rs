//! The system's own store, by its own functions.

use super::{DeviceStore, Unusable};

#[expect(clippy::unnecessary_wraps, reason = "the seam's other side may fail")]
pub(in crate::endpoint) fn read() -> Result<DeviceStore, Unusable> {
    let native = rustls_native_certs::load_native_certs();
    let unreadable = native.errors.len();
    Ok(DeviceStore { certificates: native.certs, unreadable, is_whole: true })
}

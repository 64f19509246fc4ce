//! A certificate from the wire, read into what a report shows of it.

use std::net::IpAddr;

use edgeprobe_facts::endpoint::Certificate;
use tokio_rustls::rustls::pki_types::CertificateDer;
use x509_parser::objects::{oid_registry, oid2abbrev};
use x509_parser::prelude::{FromDer, GeneralName, X509Certificate, X509Name};

use crate::clean;

/// The most names of a certificate that are kept.
const MAX_NAMES: usize = 16;

/// The longest distinguished name that is kept, in characters.
const MAX_DISTINGUISHED_NAME: usize = 200;

/// The longest host name (RFC 1035, section 2.3.4), in characters.
const MAX_HOST_NAME: usize = 253;

/// Reads a certificate; one that cannot be decoded keeps its hash alone.
pub(super) fn describe(der: &CertificateDer<'_>) -> Certificate {
    let sha256 = hexadecimal(ring::digest::digest(&ring::digest::SHA256, der).as_ref());
    let Ok((_, parsed)) = X509Certificate::from_der(der) else {
        let unknown = "(cannot be decoded)".to_owned();
        return Certificate {
            subject: unknown.clone(),
            issuer: unknown,
            names: Vec::new(),
            not_before: 0,
            not_after: 0,
            sha256,
        };
    };
    Certificate {
        subject: distinguished_name(parsed.subject()),
        issuer: distinguished_name(parsed.issuer()),
        names: names(&parsed),
        not_before: parsed.validity().not_before.timestamp(),
        not_after: parsed.validity().not_after.timestamp(),
        sha256,
    }
}

/// The most specific part first, as RFC 4514 writes a name: `CN=…, O=…, C=…`.
fn distinguished_name(name: &X509Name<'_>) -> String {
    let mut parts: Vec<String> = name
        .iter_attributes()
        .take(32)
        .map(|attribute| {
            let kind = oid2abbrev(attribute.attr_type(), oid_registry())
                .map_or_else(|_| attribute.attr_type().to_id_string(), str::to_owned);
            let value = match attribute.as_str() {
                Ok(text) => clean::line(text, 64),
                Err(_) => clean::bytes(attribute.as_slice(), 64),
            };
            format!("{kind}={value}")
        })
        .collect();
    parts.reverse();
    clean::line(&parts.join(", "), MAX_DISTINGUISHED_NAME)
}

fn names(certificate: &X509Certificate<'_>) -> Vec<String> {
    let Ok(Some(extension)) = certificate.subject_alternative_name() else {
        return Vec::new();
    };
    let name = |general: &GeneralName<'_>| match general {
        GeneralName::DNSName(name) => Some(clean::line(name, MAX_HOST_NAME)),
        GeneralName::IPAddress(bytes) => address(bytes).map(|address| address.to_string()),
        _ => None,
    };
    extension.value.general_names.iter().filter_map(name).take(MAX_NAMES).collect()
}

fn address(bytes: &[u8]) -> Option<IpAddr> {
    let v4 = <[u8; 4]>::try_from(bytes).map(IpAddr::from);
    v4.or_else(|_| <[u8; 16]>::try_from(bytes).map(IpAddr::from)).ok()
}

fn hexadecimal(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use rcgen::{CertificateParams, DnType, KeyPair};

    #[test]
    fn a_certificate_is_shown_by_its_names_and_not_by_its_control_characters() {
        let names = ["*.azure-devices.net".to_owned(), "127.0.0.1".to_owned(), "::1".to_owned()];
        let mut params = CertificateParams::new(names).unwrap();
        params.distinguished_name = rcgen::DistinguishedName::new();
        params.distinguished_name.push(DnType::OrganizationName, "Con\x1b[31mtoso");
        params.distinguished_name.push(DnType::CommonName, "Inspection");
        let key = KeyPair::generate().unwrap();
        let shown = describe(params.self_signed(&key).unwrap().der());
        assert_eq!(shown.issuer, "CN=Inspection, O=Con [31mtoso");
        assert_eq!(shown.names, ["*.azure-devices.net", "127.0.0.1", "::1"]);
        assert_eq!(shown.sha256.len(), 64);
    }

    #[test]
    fn what_is_no_certificate_keeps_its_hash() {
        let shown = describe(&CertificateDer::from(&b"abc"[..]));
        assert_eq!(shown.subject, "(cannot be decoded)");
        // The hash of "abc" in FIPS 180-2, appendix B.1.
        assert!(shown.sha256.starts_with("ba7816bf8f01cfea"));
    }
}

//! A chain as a peer sent it, and what of it a verification has to look at.
//!
//! webpki builds every path that the names of the certificates allow, and parses all of them again at
//! each step. Its own budget (200 000 steps, 100 signatures, 250 000 comparisons of names, each for one
//! verification) lets nine authorities of one name take seconds. So a chain is cut to what leads on
//! from its first certificate before it is verified, with few certificates of one name.

use std::time::Duration;

use tokio_rustls::rustls::pki_types::{CertificateDer, UnixTime};
use x509_parser::prelude::{FromDer, X509Certificate};

/// The most certificates that are looked at; webpki itself follows no path of more than eight.
const MOST: usize = 10;

/// The most certificates of one subject: an authority's, and one that another authority issued to it
/// in the time of a change.
const MOST_OF_ONE_SUBJECT: usize = 2;

/// The certificates that a verification looks at.
#[derive(Debug)]
pub(super) struct Chain {
    links: Vec<Link>,
    complete: bool,
}

/// One certificate, and what of it decides by which path it may be reached.
#[derive(Debug)]
struct Link {
    der: CertificateDer<'static>,
    read: Option<Read>,
}

#[derive(Debug)]
struct Read {
    subject: Vec<u8>,
    issuer: Vec<u8>,
    /// Seconds since 1970.
    begin: i64,
    end: i64,
}

impl Chain {
    /// The chain of what a peer sent, its own certificate first; none when it sent nothing.
    pub(super) fn from_certificates(sent: &[CertificateDer<'_>]) -> Option<Self> {
        let (leaf, others) = sent.split_first()?;
        let mut chain = Self { links: vec![Link::from_certificate(leaf)], complete: true };
        let mut others: Vec<Link> = others.iter().map(Link::from_certificate).collect();
        let mut next = 0;
        while let Some(link) = chain.links.get(next) {
            let issuer = link.read.as_ref().map(|read| read.issuer.clone());
            let (issuers, rest): (Vec<Link>, Vec<Link>) =
                others.into_iter().partition(|other| other.may_be(issuer.as_deref()));
            others = rest;
            for issuer in issuers {
                chain.add(issuer);
            }
            next += 1;
        }
        Some(chain)
    }

    /// The peer's own certificate and the others.
    pub(super) fn split(&self) -> (Option<&CertificateDer<'static>>, Vec<CertificateDer<'static>>) {
        let mut all = self.links.iter().map(|link| &link.der);
        (all.next(), all.cloned().collect())
    }

    /// Whether nothing was left out that could lead to a root. Otherwise that no path was found says
    /// nothing.
    pub(super) fn is_complete(&self) -> bool {
        self.complete
    }

    /// Whether the peer's own certificate names itself as its issuer.
    pub(super) fn is_issued_by_itself(&self) -> bool {
        let leaf = self.links.first().and_then(|link| link.read.as_ref());
        leaf.is_some_and(|read| read.subject == read.issuer)
    }

    /// Moments within the validity of the peer's certificate at which more certificates are valid than
    /// now, or others.
    ///
    /// Where validities overlap, the overlap begins with one of them; so their beginnings are enough.
    pub(super) fn other_moments(&self, now: UnixTime) -> Vec<UnixTime> {
        let Some(leaf) = self.links.first().and_then(|link| link.read.as_ref()) else {
            return Vec::new();
        };
        let now = i64::try_from(now.as_secs()).unwrap_or(i64::MAX);
        let begins = self.links.iter().filter_map(|link| Some(link.read.as_ref()?.begin));
        let begins = begins.filter(|begin| (leaf.begin..=leaf.end).contains(begin));
        let mut moments: Vec<(i64, u32)> = vec![(now, self.valid_at(now))];
        for begin in begins {
            let valid = self.valid_at(begin);
            let is_within = |wider: u32| valid & wider == valid;
            if moments.iter().any(|(_, wider)| is_within(*wider)) {
                continue;
            }
            // A moment at which fewer of the same are valid shows no more than this one.
            moments.retain(|(moment, other)| *moment == now || other & valid != *other);
            moments.push((begin, valid));
        }
        let later = moments.into_iter().skip(1);
        later
            .filter_map(|(moment, _)| u64::try_from(moment).ok())
            .map(|seconds| UnixTime::since_unix_epoch(Duration::from_secs(seconds)))
            .collect()
    }

    /// A bit for each certificate that is valid at a moment. What cannot be read has none.
    fn valid_at(&self, moment: i64) -> u32 {
        self.links.iter().zip(0..).fold(0, |valid, (link, bit)| {
            let is_valid =
                link.read.as_ref().is_some_and(|read| (read.begin..=read.end).contains(&moment));
            valid | (u32::from(is_valid) << bit)
        })
    }

    fn add(&mut self, link: Link) {
        if self.links.iter().any(|known| known.der == link.der) {
            return;
        }
        let of_one_subject = self.links.iter().filter(|known| known.has_subject_of(&link)).count();
        if self.links.len() < MOST && of_one_subject < MOST_OF_ONE_SUBJECT {
            self.links.push(link);
        } else {
            self.complete = false;
        }
    }
}

impl Link {
    fn from_certificate(der: &CertificateDer<'_>) -> Self {
        let read = X509Certificate::from_der(der).ok().map(|(_, certificate)| Read {
            subject: certificate.subject().as_raw().to_vec(),
            issuer: certificate.issuer().as_raw().to_vec(),
            begin: certificate.validity().not_before.timestamp(),
            end: certificate.validity().not_after.timestamp(),
        });
        Self { der: der.clone().into_owned(), read }
    }

    /// Whether this may be the certificate of an issuer of this name. What cannot be read here may be
    /// readable to whoever verifies.
    fn may_be(&self, issuer: Option<&[u8]>) -> bool {
        match (&self.read, issuer) {
            (Some(read), Some(issuer)) => read.subject == issuer,
            _ => true,
        }
    }

    fn has_subject_of(&self, other: &Self) -> bool {
        match (&self.read, &other.read) {
            (Some(own), Some(other)) => own.subject == other.subject,
            (None, None) => true,
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use rcgen::{
        BasicConstraints, CertificateParams, DistinguishedName, DnType, IsCa, Issuer, KeyPair,
        date_time_ymd,
    };

    use super::*;

    /// A certificate of this subject by that issuer, valid for these years.
    fn certificate(subject: &str, issuer: &str, years: (i32, i32)) -> CertificateDer<'static> {
        let params = |name: &str| {
            let mut params = CertificateParams::new(Vec::<String>::new()).unwrap();
            params.distinguished_name = DistinguishedName::new();
            params.distinguished_name.push(DnType::CommonName, name);
            params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
            params.not_before = date_time_ymd(years.0, 1, 1);
            params.not_after = date_time_ymd(years.1, 1, 1);
            params
        };
        let issuer = Issuer::new(params(issuer), KeyPair::generate().unwrap());
        params(subject).signed_by(&KeyPair::generate().unwrap(), &issuer).unwrap().der().clone()
    }

    const LONG: (i32, i32) = (2000, 2100);

    fn now() -> UnixTime {
        UnixTime::since_unix_epoch(Duration::from_secs(1_750_000_000))
    }

    #[test]
    fn what_leads_on_is_kept_and_what_does_not_is_not() {
        let leaf = certificate("hub", "one", LONG);
        let (one, two) = (certificate("one", "two", LONG), certificate("two", "root", LONG));
        let mut sent = vec![leaf, two.clone(), one.clone(), one.clone()];
        sent.extend((0..90).map(|number| certificate(&format!("other {number}"), "root", LONG)));
        let chain = Chain::from_certificates(&sent).unwrap();
        assert_eq!(chain.split().1, [one, two]);
        assert!(chain.is_complete(), "what leads nowhere is not missed");
        assert!(!chain.is_issued_by_itself());
        assert!(Chain::from_certificates(&[]).is_none());
    }

    #[test]
    fn of_many_authorities_of_one_name_few_are_kept_and_no_refusal_counts() {
        let mut sent = vec![certificate("hub", "same", LONG)];
        sent.extend((0..9).map(|_| certificate("same", "same", LONG)));
        let chain = Chain::from_certificates(&sent).unwrap();
        assert_eq!(chain.split().1.len(), MOST_OF_ONE_SUBJECT);
        assert!(!chain.is_complete());
        let two = Chain::from_certificates(&sent[..3]).unwrap();
        assert!(two.is_complete());
    }

    #[test]
    fn a_ring_of_names_ends() {
        let mut sent = vec![certificate("hub", "a0", LONG)];
        for number in 0..30 {
            let (subject, issuer) = (format!("a{number}"), format!("a{}", (number + 1) % 30));
            sent.push(certificate(&subject, &issuer, LONG));
        }
        let chain = Chain::from_certificates(&sent).unwrap();
        assert_eq!(chain.links.len(), MOST);
        assert!(!chain.is_complete());
    }

    #[test]
    fn a_chain_that_is_valid_now_is_looked_at_now_alone() {
        let sent = [certificate("hub", "one", (2020, 2030)), certificate("one", "root", LONG)];
        assert!(Chain::from_certificates(&sent).unwrap().other_moments(now()).is_empty());
        let ended = [certificate("hub", "one", (2010, 2012)), certificate("one", "root", LONG)];
        assert_eq!(Chain::from_certificates(&ended).unwrap().other_moments(now()).len(), 1);
        // The authority's own certificate began within the other's time.
        let late = [certificate("hub", "one", (2010, 2012)), certificate("one", "r", (2011, 2013))];
        let moments = Chain::from_certificates(&late).unwrap().other_moments(now());
        // 2011-01-01, by `date +%s`.
        assert_eq!(moments.iter().map(UnixTime::as_secs).collect::<Vec<_>>(), [1_293_840_000]);
    }

    #[test]
    fn bytes_that_are_no_certificate_are_left_to_whoever_verifies() {
        let sent = [CertificateDer::from(&b"\x30\x00"[..]), CertificateDer::from(&b"abc"[..])];
        let chain = Chain::from_certificates(&sent).unwrap();
        assert_eq!(chain.split().1.len(), 1);
        assert!(chain.other_moments(now()).is_empty());
    }
}

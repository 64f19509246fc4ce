//! Files of certificates, where OpenSSL looks for them: SSL_CERT_FILE and SSL_CERT_DIR, else the
//! places of the distributions.

use std::collections::HashSet;
use std::env;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::pki_types::pem::PemObject;

use super::{DeviceStore, Unusable};
use crate::{bounded, walls};

/// The variables that name other places; both may be set.
const FILE: &str = "SSL_CERT_FILE";
const FOLDERS: &str = "SSL_CERT_DIR";

/// The largest file that is read, in bytes; distributions' have some 200 KB.
const MAX_FILE: u64 = 4 * 1024 * 1024;

/// The most entries of folders that are looked at, and the most bytes of their files: distributions
/// have some 300 entries, half of them links to the others.
const MAX_ENTRIES: usize = 8192;
const MAX_BYTES: usize = 16 * 1024 * 1024;

/// The most certificates that are kept; distributions have some 150.
const MAX_CERTIFICATES: usize = 2048;

/// Reads the store. Fails where a variable names what is no file of certificates by its nature.
pub(in crate::endpoint) fn read() -> Result<DeviceStore, Unusable> {
    let file = env::var_os(FILE).map(PathBuf::from);
    let folders: Vec<PathBuf> = env::var_os(FOLDERS)
        .map(|folders| env::split_paths(&folders).collect())
        .unwrap_or_default();
    if let Some(path) = &file
        && let Err(source) = bounded::read(path, MAX_FILE)
        && matches!(source.kind(), io::ErrorKind::InvalidInput | io::ErrorKind::FileTooLarge)
    {
        return Err(Unusable { variable: FILE, path: path.clone(), source });
    }
    let named = folders.iter().any(|folder| !folder.as_os_str().is_empty()) || file.is_some();
    let (file, folders) = if named {
        (file, folders)
    } else {
        let usual = openssl_probe::probe();
        (usual.cert_file, usual.cert_dir)
    };
    // At once: a store may have hundreds of files.
    let reading = walls::with_privileges(move || {
        let mut reading = Reading::default();
        if let Some(path) = file {
            reading.bundle(&path);
        }
        for path in folders.iter().filter(|path| !path.as_os_str().is_empty()) {
            reading.folder(path);
        }
        Ok::<_, io::Error>(reading)
    });
    // Without a thread to read it, nothing is known of the store.
    let unread = || Reading { unreadable: 1, is_cut: true, ..Reading::default() };
    Ok(reading.unwrap_or_else(|_| unread()).end())
}

/// What is read of a store, before any of it is understood.
#[derive(Default)]
struct Reading {
    contents: Vec<Vec<u8>>,
    /// Files that were read already, by whatever name.
    known: HashSet<PathBuf>,
    unreadable: usize,
    entries: usize,
    bytes: usize,
    /// Whether something was not looked at.
    is_cut: bool,
}

impl Reading {
    /// The file of the whole store.
    fn bundle(&mut self, path: &Path) {
        if let Err(error) = self.file(path) {
            // What is there and was not read may hold any root; what is not there holds none.
            self.is_cut |= error.kind() != io::ErrorKind::NotFound;
        }
    }

    fn file(&mut self, path: &Path) -> io::Result<()> {
        let is_new = |whole| self.known.insert(whole);
        let content = match path.canonicalize().map(is_new) {
            Ok(false) => return Ok(()),
            Ok(true) => bounded::read(path, MAX_FILE),
            Err(error) => Err(error),
        };
        match content {
            Ok(content) => {
                self.bytes += content.len();
                self.contents.push(content);
            }
            Err(error) => {
                self.unreadable += 1;
                return Err(error);
            }
        }
        Ok(())
    }

    /// Every file of a folder, links followed. What is no file is passed over, as OpenSSL does.
    fn folder(&mut self, path: &Path) {
        let entries = match fs::read_dir(path) {
            Ok(entries) => entries,
            Err(error) => {
                self.unreadable += 1;
                self.is_cut |= error.kind() != io::ErrorKind::NotFound;
                return;
            }
        };
        for entry in entries {
            self.entries += 1;
            if self.entries > MAX_ENTRIES || self.bytes > MAX_BYTES {
                self.is_cut = true;
                return;
            }
            let Ok(path) = entry.map(|entry| entry.path()) else { continue };
            // A link to nowhere, or no file, is none of the store's.
            if fs::metadata(&path).is_ok_and(|metadata| metadata.is_file())
                && let Err(error) = self.file(&path)
            {
                // A server's own certificate may lie there, which its user alone may read.
                self.is_cut |= error.kind() != io::ErrorKind::PermissionDenied;
            }
        }
    }

    fn end(mut self) -> DeviceStore {
        let mut certificates = HashSet::new();
        let contents = std::mem::take(&mut self.contents);
        for certificate in contents.iter().flat_map(|it| CertificateDer::pem_slice_iter(it)) {
            match certificate {
                Ok(_) if certificates.len() >= MAX_CERTIFICATES => self.is_cut = true,
                Ok(certificate) => drop(certificates.insert(certificate)),
                Err(_) => self.unreadable += 1,
            }
        }
        let mut certificates: Vec<CertificateDer<'static>> = certificates.into_iter().collect();
        certificates.sort_unstable_by(|one, other| one.as_ref().cmp(other.as_ref()));
        DeviceStore { certificates, unreadable: self.unreadable, is_whole: !self.is_cut }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use rcgen::{CertificateParams, KeyPair};

    use super::*;

    fn root() -> String {
        let key = KeyPair::generate().unwrap();
        CertificateParams::new(Vec::<String>::new()).unwrap().self_signed(&key).unwrap().pem()
    }

    #[test]
    fn a_folder_is_read_without_its_pipes_and_each_file_once() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        fs::write(path("one.pem"), root() + &root()).unwrap();
        symlink("one.pem", path("0a1b2c3d.0")).unwrap();
        symlink("nowhere", path("4e5f6a7b.0")).unwrap();
        let made = rustix::fs::mkfifoat(rustix::fs::CWD, path("pipe"), 0o600.into());
        made.unwrap();
        let mut reading = Reading::default();
        reading.folder(folder.path());
        let store = reading.end();
        assert_eq!((store.certificates.len(), store.unreadable, store.is_whole), (2, 0, true));
    }

    #[test]
    fn what_is_there_and_not_read_may_hold_any_root() {
        let folder = tempfile::tempdir().unwrap();
        let large = folder.path().join("large.pem");
        fs::File::create(&large).unwrap().set_len(MAX_FILE + 1).unwrap();
        let mut reading = Reading::default();
        reading.bundle(&large);
        assert!(!reading.end().is_whole);
        let mut reading = Reading::default();
        reading.bundle(&folder.path().join("absent.pem"));
        assert!(reading.end().is_whole, "a store that is not there has no root");
    }
}

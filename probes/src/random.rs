//! Numbers that nobody can guess, from the kernel.
//!
//! In a static program other libraries take them from a file, and panic where no more can be opened.

use std::fs::File;
use std::io;
use std::path::Path;

use ring::rand::{SecureRandom as _, SystemRandom};

/// The file.
const FILE: &str = "/dev/urandom";

/// Has other libraries open their file, which they keep, before the run's own files are opened.
///
/// Fails where it cannot be opened.
pub fn prepare() -> io::Result<()> {
    if cfg!(target_os = "linux") {
        drop(File::open(Path::new(FILE)).map_err(crate::own::denied)?);
    }
    drop(tokio_tungstenite::tungstenite::handshake::client::generate_key());
    Ok(())
}

/// So many bytes.
pub(crate) fn bytes<const LENGTH: usize>() -> io::Result<[u8; LENGTH]> {
    let mut bytes = [0; LENGTH];
    let filled = SystemRandom::new().fill(&mut bytes);
    filled.map_err(|_| io::Error::other("the kernel gives no random numbers"))?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_is_another() {
        assert_ne!(bytes::<16>().unwrap(), bytes::<16>().unwrap());
    }
}

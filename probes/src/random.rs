//! Numbers that nobody can guess, from the kernel.
//!
//! In a static program other libraries take them from a file, and panic where no more can be opened.

use std::io;

use ring::rand::{SecureRandom as _, SystemRandom};

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

//! The file that names the device's name servers, in the format of resolv.conf(5).

/// What the C library reads.
pub const RESOLV_CONF: &str = "/etc/resolv.conf";

/// What systemd-resolved writes of the servers behind its stub.
pub const BEHIND_STUB: &str = "/run/systemd/resolve/resolv.conf";

/// The addresses after `nameserver` as they are written, in the order of the file. A scope or a comment
/// that follows without a space is part of the word.
pub fn name_servers(content: &str) -> impl Iterator<Item = &str> {
    content.lines().filter_map(|line| {
        let mut words = line.split_whitespace();
        words.next().filter(|word| *word == "nameserver")?;
        words.next()
    })
}

#[cfg(test)]
mod tests {
    use super::name_servers;

    #[test]
    fn servers_are_read_as_they_are_written() {
        let content = "# nameserver 192.0.2.1\nsearch nameserver\n nameserver\t10.0.0.53;old # first\n\
                       nameserver\nnameserver fe80::1%eth0\n";
        assert_eq!(name_servers(content).collect::<Vec<_>>(), ["10.0.0.53;old", "fe80::1%eth0"]);
    }
}

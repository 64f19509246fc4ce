//! The hosts file.

use std::net::IpAddr;
use std::path::Path;

use super::{file, in_order, same_name};

/// The addresses that a hosts file gives to a name; none when it cannot be read.
pub(super) fn addresses_in(path: &Path, name: &str) -> Vec<IpAddr> {
    file::read(path).map(|content| parse(&content, name)).unwrap_or_default()
}

/// By hosts(5): an address, its name, and its aliases.
pub(super) fn parse(content: &[u8], name: &str) -> Vec<IpAddr> {
    in_order(file::lines(content, &['#']).filter_map(|words| {
        let (address, names) = words.split_first()?;
        let address = address.split('%').next()?.parse().ok()?;
        names.iter().any(|alias| same_name(alias, name)).then_some(address)
    }))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn addresses(content: &str, name: &str) -> Vec<String> {
        parse(content.as_bytes(), name).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn names_and_aliases_are_found_in_any_case_and_with_a_trailing_dot() {
        let content = "127.0.0.1 localhost\n2001:db8::1 Hub.Azure-Devices.net\n\
                       10.1.2.3\tother hub.azure-devices.net. third # 10.9.9.9\n";
        for name in ["hub.azure-devices.net", "HUB.azure-devices.NET."] {
            assert_eq!(addresses(content, name), ["10.1.2.3", "2001:db8::1"]);
        }
        assert!(addresses(content, "azure-devices.net").is_empty());
    }

    #[test]
    fn what_is_no_entry_is_skipped() {
        let content = "# 10.0.0.1 hub\nhub 10.0.0.2\n10.0.0.3\n10.0.0.4 # hub\n10.0.0.5 hub#x\r\n";
        assert_eq!(addresses(content, "hub"), ["10.0.0.5"]);
    }

    #[test]
    fn a_missing_file_names_nothing() {
        assert!(addresses_in(Path::new("/nonexistent/hosts"), "hub").is_empty());
    }

    proptest! {
        #[test]
        fn no_content_makes_it_fail(content: Vec<u8>, name: String) {
            parse(&content, &name);
        }
    }
}

//! Systems whose resolver's configuration is not known here.

use super::name_servers::ResolverFiles;

/// The file that gives names to addresses before any server is asked.
pub(super) const HOSTS: &str = r"C:\Windows\System32\drivers\etc\hosts";

pub(super) const RESOLVER_FILES: Option<ResolverFiles<'_>> = None;

pub(super) fn interface_index(_name: &str) -> Option<u32> {
    None
}

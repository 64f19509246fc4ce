//! Linux: capabilities(7), `no_new_privs` (prctl(2)), landlock(7) and seccomp(2), each for the calling
//! thread and those that it starts.

mod capabilities;
mod files;
mod system_calls;

use std::io;

use super::Wall;

/// Confines the calling thread, and returns what could not be done.
pub(super) fn confine() -> Vec<Wall> {
    let mut missing = drop_privileges();
    missing.extend(failed(Wall::Files, files::confine()));
    // Last, as the others make calls that are then refused.
    missing.extend(failed(Wall::SystemCalls, system_calls::confine()));
    missing
}

/// Takes all capabilities from the calling thread, and from each program that it starts.
pub(super) fn drop_privileges() -> Vec<Wall> {
    let capabilities = failed(Wall::Capabilities, capabilities::drop_all());
    let new = rustix::thread::set_no_new_privs(true).map_err(io::Error::from);
    capabilities.into_iter().chain(failed(Wall::NewPrivileges, new)).collect()
}

fn failed(wall: Wall, result: io::Result<()>) -> Option<Wall> {
    let error = result.err()?;
    tracing::debug!("{wall:?}: {error}");
    Some(wall)
}

#[cfg(test)]
mod tests {
    use std::fs::{self, File};
    use std::io::ErrorKind::PermissionDenied;
    use std::net::TcpStream;
    use std::os::fd::AsFd as _;
    use std::process::Command;
    use std::thread;

    use socket2::{Domain, Protocol, Socket, Type};

    use super::*;

    /// What a confined thread gives. Others of this process stay as they are.
    fn confined<T: Send>(work: impl FnOnce() -> T + Send) -> Option<T> {
        thread::scope(|scope| {
            let thread = scope.spawn(|| {
                let missing = confine();
                if !missing.is_empty() {
                    eprintln!("skipped: this system has no {missing:?}");
                    return None;
                }
                Some(work())
            });
            thread.join().unwrap()
        })
    }

    #[test]
    fn a_confined_thread_has_no_capability_and_gets_none() {
        let status = || fs::read_to_string("/proc/thread-self/status").unwrap();
        let Some(status) = confined(|| thread::spawn(status).join().unwrap()) else { return };
        let value = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
            line.unwrap_or_default().trim().to_owned()
        };
        for set in ["CapInh", "CapPrm", "CapEff", "CapAmb"] {
            assert_eq!(u64::from_str_radix(&value(set), 16), Ok(0), "{set}");
        }
        assert_eq!((value("NoNewPrivs").as_str(), value("Seccomp").as_str()), ("1", "2"));
    }

    #[test]
    fn a_confined_thread_opens_what_the_kernel_tells_and_no_other_file() {
        let refused = |result: io::Result<File>| result.unwrap_err().kind() == PermissionDenied;
        let folder = tempfile::tempdir().unwrap();
        let made = folder.path().join("made");
        let opened = confined(|| {
            assert!(File::open("/proc/sys/net/ipv4/ip_forward").is_ok());
            assert!(File::open("/sys/class/net").is_ok());
            for path in ["/etc/shadow", "/etc/passwd", "/proc/self/exe", "/dev/null"] {
                assert!(refused(File::open(path)), "{path}");
            }
            assert!(refused(File::create(&made)) && fs::remove_dir(folder.path()).is_err());
        });
        assert!(opened.is_none() || !made.exists());
        assert!(File::open("/etc/passwd").is_ok(), "others open what they opened");
    }

    #[test]
    fn a_confined_thread_starts_no_program_and_takes_no_packet() {
        let refused = |domain, kind, protocol| {
            let made = Socket::new(domain, kind, protocol);
            made.unwrap_err().kind() == PermissionDenied
        };
        let _ = confined(|| {
            assert_eq!(Command::new("/bin/true").spawn().unwrap_err().kind(), PermissionDenied);
            assert!(refused(Domain::PACKET, Type::DGRAM, None));
            assert!(refused(Domain::PACKET, Type::RAW, None));
            assert!(refused(Domain::IPV4, Type::RAW, Some(Protocol::TCP)));
            assert!(refused(Domain::VSOCK, Type::STREAM, None));
            // What probes need is there.
            assert!(Socket::new(Domain::IPV6, Type::DGRAM, None).is_ok());
            assert!(netlink_sys::Socket::new(netlink_sys::protocols::NETLINK_ROUTE).is_ok());
            let nobody = TcpStream::connect("127.0.0.1:9");
            assert_ne!(nobody.err().map(|error| error.kind()), Some(PermissionDenied));
        });
    }

    #[test]
    fn a_confined_thread_joins_and_makes_no_namespace() {
        let here = File::open("/proc/self/ns/net").unwrap();
        let _ = confined(|| {
            let network = Some(rustix::thread::LinkNameSpaceType::Network);
            let joined = rustix::thread::move_into_link_name_space(here.as_fd(), network);
            assert_eq!(joined, Err(rustix::io::Errno::PERM));
            #[expect(deprecated, reason = "its successor is unsafe")]
            let made = rustix::thread::unshare(rustix::thread::UnshareFlags::NEWUSER);
            assert_eq!(made, Err(rustix::io::Errno::PERM));
        });
    }
}

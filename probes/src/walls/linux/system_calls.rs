//! The system calls that a thread may make (seccomp(2)).
//!
//! Named are the calls that are refused. A list of those that are needed would have to hold for every
//! C library, kernel and architecture, and where it does not a healthy device fails its check; what
//! somebody would want who makes this program do what it should not is a short list.

use std::collections::BTreeMap;
use std::io;
use std::sync::OnceLock;

use libc::c_long;
use seccompiler::SeccompCmpOp::{Eq, MaskedEq, Ne};
use seccompiler::{
    BackendError, BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition,
    SeccompFilter, SeccompRule,
};

/// Calls that are refused whatever their arguments.
const REFUSED: [c_long; 51] = [
    // Becoming another program.
    libc::SYS_execve,
    libc::SYS_execveat,
    // Other processes' memory and files.
    libc::SYS_ptrace,
    libc::SYS_process_vm_readv,
    libc::SYS_process_vm_writev,
    libc::SYS_kcmp,
    libc::SYS_pidfd_getfd,
    libc::SYS_open_by_handle_at,
    // Another view of the system.
    libc::SYS_setns,
    libc::SYS_unshare,
    libc::SYS_chroot,
    libc::SYS_pivot_root,
    libc::SYS_mount,
    libc::SYS_umount2,
    libc::SYS_open_tree,
    libc::SYS_move_mount,
    libc::SYS_mount_setattr,
    libc::SYS_fsopen,
    libc::SYS_fsconfig,
    libc::SYS_fsmount,
    libc::SYS_fspick,
    // Another kernel, or code in this one.
    libc::SYS_kexec_load,
    libc::SYS_init_module,
    libc::SYS_finit_module,
    libc::SYS_delete_module,
    libc::SYS_bpf,
    libc::SYS_perf_event_open,
    libc::SYS_userfaultfd,
    // Calls made by the kernel in this thread's name, which no filter sees.
    libc::SYS_io_uring_setup,
    // The kernel's keys.
    libc::SYS_add_key,
    libc::SYS_request_key,
    libc::SYS_keyctl,
    // Another user, or capabilities.
    libc::SYS_setuid,
    libc::SYS_setgid,
    libc::SYS_setreuid,
    libc::SYS_setregid,
    libc::SYS_setresuid,
    libc::SYS_setresgid,
    libc::SYS_setfsuid,
    libc::SYS_setfsgid,
    libc::SYS_setgroups,
    libc::SYS_capset,
    // The state of the whole system.
    libc::SYS_reboot,
    libc::SYS_swapon,
    libc::SYS_swapoff,
    libc::SYS_acct,
    libc::SYS_syslog,
    libc::SYS_sethostname,
    libc::SYS_setdomainname,
    libc::SYS_settimeofday,
    libc::SYS_clock_settime,
];

/// The families of sockets that are made: the engine's, the internet's and the kernel's own.
const FAMILIES: [i32; 4] = [libc::AF_UNIX, libc::AF_INET, libc::AF_INET6, libc::AF_NETLINK];

/// The bits of a socket's type that are no flags.
const TYPE: i32 = 0xf;

/// Namespaces that a new process may get; one of users brings capabilities with it.
const NAMESPACES: [i32; 7] = [
    libc::CLONE_NEWNS,
    libc::CLONE_NEWCGROUP,
    libc::CLONE_NEWUTS,
    libc::CLONE_NEWIPC,
    libc::CLONE_NEWUSER,
    libc::CLONE_NEWPID,
    libc::CLONE_NEWNET,
];

/// `TIOCSTI` and `TIOCLINUX`: input to the terminal that this program was started from.
const TERMINAL_INPUT: [u64; 2] = [0x5412, 0x541c];

/// From now on the calling thread cannot make the calls that are refused.
pub(super) fn confine() -> io::Result<()> {
    static FILTERS: OnceLock<Result<[BpfProgram; 2], String>> = OnceLock::new();
    let filters = FILTERS.get_or_init(|| filters().map_err(|error| error.to_string()));
    for filter in filters.as_ref().map_err(|error| io::Error::other(error.clone()))? {
        seccompiler::apply_filter(filter).map_err(io::Error::other)?;
    }
    Ok(())
}

fn filters() -> Result<[BpfProgram; 2], BackendError> {
    let mut refused: BTreeMap<c_long, Vec<SeccompRule>> =
        REFUSED.into_iter().map(|call| (call, Vec::new())).collect();
    refused.insert(libc::SYS_socket, sockets()?);
    let namespaces = NAMESPACES.map(|flag| rule([(0, MaskedEq(number(flag)), number(flag))]));
    refused.insert(libc::SYS_clone, namespaces.into_iter().collect::<Result<_, _>>()?);
    let inputs = TERMINAL_INPUT.map(|request| rule([(1, Eq, request)]));
    refused.insert(libc::SYS_ioctl, inputs.into_iter().collect::<Result<_, _>>()?);
    // Its flags lie in memory, which a filter cannot read. The C library then uses the older call.
    let unknown = BTreeMap::from([(libc::SYS_clone3, Vec::new())]);
    Ok([filter(refused, libc::EPERM)?, filter(unknown, libc::ENOSYS)?])
}

/// Sockets of other families, and those that send and receive whole packets.
fn sockets() -> Result<Vec<SeccompRule>, BackendError> {
    let raw = |family| {
        rule([(0, Eq, number(family)), (1, MaskedEq(number(TYPE)), number(libc::SOCK_RAW))])
    };
    let others = FAMILIES.map(|family| (0, Ne, number(family)));
    Ok(vec![rule(others)?, raw(libc::AF_INET)?, raw(libc::AF_INET6)?])
}

/// A rule by which all of these hold of a call: an argument's place, and how it compares to a value.
fn rule<const N: usize>(
    conditions: [(u8, SeccompCmpOp, u64); N],
) -> Result<SeccompRule, BackendError> {
    let conditions = conditions.into_iter().map(|(argument, compared, value)| {
        SeccompCondition::new(argument, SeccompCmpArgLen::Dword, compared, value)
    });
    SeccompRule::new(conditions.collect::<Result<_, _>>()?)
}

fn filter(
    rules: BTreeMap<c_long, Vec<SeccompRule>>,
    error: i32,
) -> Result<BpfProgram, BackendError> {
    // Seccomp knows no other architecture of 64 bits; a 32-bit one has no filter.
    let architecture = std::env::consts::ARCH.try_into()?;
    let refusal = SeccompAction::Errno(error.unsigned_abs());
    SeccompFilter::new(rules, SeccompAction::Allow, refusal, architecture)?.try_into()
}

fn number(constant: i32) -> u64 {
    u64::from(constant.unsigned_abs())
}

//! A network namespace, and running something in it.

use std::fs::File;
use std::future::Future;
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread;

use rustix::thread::{LinkNameSpaceType, UnshareFlags, move_into_link_name_space};

use crate::walls;

/// A network namespace.
///
/// It is held by an open file alone, so a namespace that [`Place::anonymous`] made ends with the
/// last clone of its place, or with this process, however that ends.
#[derive(Clone, Debug)]
pub struct Place {
    namespace: Arc<File>,
}

/// A place could not be had or entered.
#[derive(Debug, thiserror::Error)]
pub enum PlaceError {
    /// The process has ended, or belongs to another PID namespace than this one.
    #[error(
        "cannot find process {pid}: {source}\n\
         hint: inside a container, edgeprobe sees the host's processes only with --pid=host"
    )]
    NoProcess { pid: u32, source: io::Error },
    /// Another user's process, whose namespace only a privileged user may open.
    #[error(
        "cannot open the network namespace of process {pid}: {source}\n\
         hint: run as root, or with CAP_SYS_PTRACE and CAP_SYS_ADMIN"
    )]
    NotOpened { pid: u32, source: io::Error },
    /// The process shares this one's network namespace, so it is no other place.
    #[error(
        "process {pid} is in edgeprobe's own network namespace\n\
         hint: a container with host networking says nothing of a container network"
    )]
    SameNamespace { pid: u32 },
    /// The kernel makes no network namespace for this user, or at all.
    #[error("cannot make a network namespace: {source}\nhint: run as root, or with CAP_SYS_ADMIN")]
    NotMade { source: io::Error },
    /// The namespace cannot be entered.
    #[error(
        "cannot enter the network namespace: {source}\nhint: run as root, or with CAP_SYS_ADMIN"
    )]
    NotEntered { source: io::Error },
    /// What ran in the place panicked, or its runtime could not start.
    #[error("cannot run in the network namespace: {0}")]
    NotRun(String),
}

impl Place {
    /// The network namespace of the thread that asks.
    pub fn here() -> io::Result<Self> {
        // Not /proc/self: that is the main thread's, whichever thread asks.
        File::open("/proc/thread-self/ns/net").map(Self::holding)
    }

    /// The network namespace of a process: a running container's, by the process that the engine
    /// names as its first.
    ///
    /// Fails when the process is gone, is another user's, or shares this thread's namespace.
    pub fn of_process(pid: u32) -> Result<Self, PlaceError> {
        let path: PathBuf = ["/proc", &pid.to_string(), "ns", "net"].iter().collect();
        let opened = walls::open(&path);
        let namespace = opened.map_err(|source| match source.kind() {
            io::ErrorKind::NotFound => PlaceError::NoProcess { pid, source },
            _ => PlaceError::NotOpened { pid, source },
        })?;
        let place = Self::holding(namespace);
        match Self::here().and_then(|here| place.is(&here)) {
            Ok(true) => Err(PlaceError::SameNamespace { pid }),
            Ok(false) => Ok(place),
            Err(source) => Err(PlaceError::NotOpened { pid, source }),
        }
    }

    /// A new anonymous network namespace: a loopback interface, which is down.
    ///
    /// The calling thread needs CAP_SYS_ADMIN.
    pub fn anonymous() -> Result<Self, PlaceError> {
        // A new thread, so that the caller's stays in its namespace.
        let made = on_own_thread(|| unshare_network().and_then(|()| Self::here()));
        made.map_err(|source| PlaceError::NotMade { source })
    }

    /// Runs the future that `make` gives on a thread of its own inside the namespace, and returns
    /// its value. The thread has no privileges any more when it makes the future.
    ///
    /// The thread has a Tokio runtime of its own. Every socket that the future opens is in the
    /// namespace, and so is every process and blocking thread that it starts. The file system
    /// stays the host's: `/etc/resolv.conf` and `/sys` say nothing of the place. Dropping the
    /// returned future ends the one inside at its next await.
    pub async fn run<T, F>(
        &self,
        make: impl FnOnce() -> F + Send + 'static,
    ) -> Result<T, PlaceError>
    where
        F: Future<Output = T>,
        T: Send + 'static,
    {
        let (mut answer, answered) = tokio::sync::oneshot::channel();
        let place = self.clone();
        let started = walls::start_with_privileges("vantage", move || match place.enter() {
            Err(error) => drop(answer.send(Err(error))),
            Ok(runtime) => {
                let value = runtime.block_on(async {
                    tokio::select! {
                        value = make() => Some(value),
                        () = answer.closed() => None,
                    }
                });
                // What is still on a blocking thread is not waited for.
                runtime.shutdown_background();
                if let Some(value) = value {
                    drop(answer.send(Ok(value)));
                }
            }
        });
        started.map_err(|error| PlaceError::NotRun(error.to_string()))?;
        answered.await.unwrap_or_else(|_| Err(PlaceError::NotRun("it panicked".to_owned())))
    }

    /// Does something brief inside the namespace, on a new thread, while the caller, which has the
    /// privilege to enter it, waits.
    pub(crate) fn within<T: Send>(
        &self,
        work: impl FnOnce() -> io::Result<T> + Send,
    ) -> io::Result<T> {
        on_own_thread(|| self.move_thread().and_then(|()| work()))
    }

    /// Moves the calling thread into the namespace, confines it, and gives it a runtime there.
    fn enter(&self) -> Result<tokio::runtime::Runtime, PlaceError> {
        self.move_thread().map_err(|source| PlaceError::NotEntered { source })?;
        // What a system lacks of the walls was said when they were raised.
        drop(walls::confine());
        // Made after the move, so that the threads it starts are inside and confined as well.
        tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| PlaceError::NotRun(error.to_string()))
    }

    fn move_thread(&self) -> io::Result<()> {
        Ok(move_into_link_name_space(self.as_fd(), Some(LinkNameSpaceType::Network))?)
    }

    /// Whether both are the same namespace.
    fn is(&self, other: &Self) -> io::Result<bool> {
        let (one, other) = (self.namespace.metadata()?, other.namespace.metadata()?);
        Ok((one.dev(), one.ino()) == (other.dev(), other.ino()))
    }

    fn holding(namespace: File) -> Self {
        Self { namespace: Arc::new(namespace) }
    }
}

impl AsFd for Place {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.namespace.as_fd()
    }
}

fn on_own_thread<T: Send>(work: impl FnOnce() -> io::Result<T> + Send) -> io::Result<T> {
    thread::scope(|scope| {
        let thread = thread::Builder::new().name("namespace".to_owned());
        let joined = thread.spawn_scoped(scope, work)?.join();
        joined.unwrap_or_else(|_| Err(io::Error::other("the thread panicked")))
    })
}

/// Moves the calling thread into a new network namespace.
#[expect(
    deprecated,
    reason = "its successor is unsafe because of CLONE_FILES alone, which is not asked for here"
)]
fn unshare_network() -> io::Result<()> {
    Ok(rustix::thread::unshare(UnshareFlags::NEWNET)?)
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;
    use std::time::Duration;

    use tokio::process::Command;

    use super::*;
    use crate::vantage::testing::sandbox;

    fn inode() -> u64 {
        Place::here().unwrap().namespace.metadata().unwrap().ino()
    }

    #[tokio::test]
    async fn what_runs_in_a_place_is_there_with_its_threads_and_processes() {
        let Some(sandbox) = sandbox() else { return };
        let expected = sandbox.place.namespace.metadata().unwrap().ino();
        let look = || async {
            let blocking = tokio::task::spawn_blocking(inode).await.unwrap();
            let process = Command::new("readlink").arg("/proc/self/ns/net").output().await.unwrap();
            (inode(), blocking, String::from_utf8(process.stdout).unwrap())
        };
        let (own, blocking, process) = sandbox.place.run(look).await.unwrap();
        assert_eq!((own, blocking), (expected, expected));
        assert!(process.contains(&expected.to_string()), "{process}");
        assert_ne!(inode(), expected, "the caller stays where it is");
    }

    #[tokio::test]
    async fn a_container_is_entered_by_its_process() {
        let Some(sandbox) = sandbox() else { return };
        let start = || async {
            let mut container = Command::new("cat");
            container.stdin(std::process::Stdio::piped()).kill_on_drop(true);
            container.spawn().unwrap()
        };
        let container = sandbox.place.run(start).await.unwrap();
        let place = Place::of_process(container.id().unwrap()).unwrap();
        assert!(place.is(&sandbox.place).unwrap());
    }

    #[test]
    fn a_process_in_the_same_namespace_is_no_other_place() {
        let error = Place::of_process(std::process::id()).unwrap_err();
        assert!(matches!(error, PlaceError::SameNamespace { .. }), "{error}");
    }

    #[test]
    fn a_process_that_is_gone_says_so_with_a_hint() {
        let error = Place::of_process(u32::MAX).unwrap_err();
        assert!(matches!(error, PlaceError::NoProcess { .. }), "{error}");
        assert!(error.to_string().contains("hint:"));
    }

    #[tokio::test]
    async fn a_panic_inside_is_an_error_outside() {
        let Some(sandbox) = sandbox() else { return };
        let fails = || async { assert_eq!(Ipv4Addr::LOCALHOST, Ipv4Addr::UNSPECIFIED) };
        let error = sandbox.place.run(fails).await.unwrap_err();
        assert!(matches!(error, PlaceError::NotRun(_)), "{error}");
    }

    #[tokio::test]
    async fn nobody_waiting_ends_what_runs_inside() {
        let Some(sandbox) = sandbox() else { return };
        let (held, released) = tokio::sync::oneshot::channel::<()>();
        let forever = move || async move {
            let _held = held;
            std::future::pending::<()>().await;
        };
        let waiting = tokio::time::timeout(Duration::from_millis(20), sandbox.place.run(forever));
        assert!(waiting.await.is_err());
        // The sender goes with the future that owns it.
        assert!(released.await.is_err());
    }
}

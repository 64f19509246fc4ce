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
        let namespace = File::open(path).map_err(|source| match source.kind() {
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

    /// A new network namespace that nobody else sees: a loopback interface, which is down.
    ///
    /// Needs CAP_SYS_ADMIN.
    pub fn anonymous() -> Result<Self, PlaceError> {
        let made = thread::scope(|scope| {
            // A thread of its own, so that the caller's stays where it is.
            thread::Builder::new()
                .name("namespace".to_owned())
                .spawn_scoped(scope, || unshare_network().and_then(|()| Self::here()))?
                .join()
                .unwrap_or_else(|_| Err(io::Error::other("the thread panicked")))
        });
        made.map_err(|source| PlaceError::NotMade { source })
    }

    /// Runs the future that `make` gives on a thread of its own inside the namespace, and returns
    /// its value.
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
        thread::Builder::new()
            .name("vantage".to_owned())
            .spawn(move || match place.enter() {
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
            })
            .map_err(|error| PlaceError::NotRun(error.to_string()))?;
        answered.await.unwrap_or_else(|_| Err(PlaceError::NotRun("it panicked".to_owned())))
    }

    /// Moves the calling thread into the namespace and gives it a runtime there.
    fn enter(&self) -> Result<tokio::runtime::Runtime, PlaceError> {
        self.move_thread().map_err(|source| PlaceError::NotEntered { source })?;
        // Made after the move, so that the threads it starts are inside as well.
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

/// Gives the calling thread a network namespace of its own.
#[expect(
    deprecated,
    reason = "its successor is unsafe because of CLONE_FILES alone, which is not asked for here"
)]
fn unshare_network() -> io::Result<()> {
    Ok(rustix::thread::unshare(UnshareFlags::NEWNET)?)
}

//! What a cleanup process has made in the engine, by its label, and taking it away again.

use std::fmt;
use std::fs;
use std::io;
use std::str::FromStr;
use std::time::Duration;

use hyper::Method;
use procfs::process::Process;
use rustix::io::Errno;
use rustix::process::{Pid, test_kill_process};
use serde::Deserialize;

use crate::engine::client::few::{Few, Members};
use crate::engine::client::{Client, ClientError, LIST, Path};

/// The label of every image and container that is made; its value says by whom.
pub(super) const LABEL: &str = "edgeprobe.vantage";

/// How often removing is tried, and how long is waited in between. The engine refuses to remove an
/// image while a container of it is still on its way out.
const ATTEMPTS: u32 = 50;
const BETWEEN: Duration = Duration::from_millis(100);

/// The process that made something: no other process of any device has ever been the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Owner {
    /// The id of the kernel's present start.
    boot: String,
    /// The namespace that the process id belongs to.
    namespace: u64,
    pid: i32,
    /// When it started, in clock ticks after the kernel did: ids are used again, this is not.
    started: u64,
}

impl Owner {
    /// This process.
    pub(super) fn this() -> io::Result<Self> {
        let me = Process::myself().and_then(|process| process.stat());
        let me = me.map_err(|error| io::Error::other(error.to_string()))?;
        Ok(Self { boot: boot()?, namespace: namespace()?, pid: me.pid, started: me.starttime })
    }

    /// Whether the process has certainly ended. One of another process namespace cannot be seen
    /// from here, so it is left alone.
    pub(super) fn is_gone(&self) -> bool {
        let (Ok(boot), Ok(namespace)) = (boot(), namespace()) else { return false };
        if self.boot != boot {
            return true;
        }
        if self.namespace != namespace {
            return false;
        }
        // Asked of the kernel and not looked up in /proc, which may hide other users' processes.
        if Pid::from_raw(self.pid).map(test_kill_process) == Some(Err(Errno::SRCH)) {
            return true;
        }
        let stat = Process::new(self.pid).and_then(|process| process.stat());
        stat.is_ok_and(|stat| stat.starttime != self.started)
    }
}

/// Writes it as the label's value.
impl fmt::Display for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}/{}", self.boot, self.namespace, self.pid, self.started)
    }
}

impl FromStr for Owner {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let parts: Vec<&str> = text.split('/').collect();
        let [boot, namespace, pid, started] = parts.as_slice() else { return Err(()) };
        Ok(Self {
            boot: (*boot).to_owned(),
            namespace: namespace.parse().map_err(drop)?,
            pid: pid.parse().map_err(drop)?,
            started: started.parse().map_err(drop)?,
        })
    }
}

fn boot() -> io::Result<String> {
    Ok(fs::read_to_string("/proc/sys/kernel/random/boot_id")?.trim().to_owned())
}

/// The number of this process's namespace of process ids.
fn namespace() -> io::Result<u64> {
    use std::os::unix::fs::MetadataExt as _;
    Ok(fs::metadata("/proc/self/ns/pid")?.ino())
}

/// How many things are removed at once; the others the next time.
const AT_ONCE: usize = 64;

/// A container or an image in the engine's list.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Made {
    id: String,
    labels: Members<String, 256>,
}

/// Removes the containers and images of those owners that are `chosen`, and returns when the engine
/// has none of them any more.
pub(super) async fn remove(
    client: &Client,
    chosen: impl Fn(&Owner) -> bool,
) -> Result<(), ClientError> {
    let is_chosen = |made: &Made| {
        made.labels.get(LABEL).and_then(|owner| owner.parse().ok()).is_some_and(|own| chosen(&own))
    };
    let filters = serde_json::json!({ "label": [LABEL] }).to_string();
    let all = |path: &str| Path::new(path).with("all", "true").with("filters", &filters);
    let (containers, images) = (all("/containers/json"), all("/images/json"));
    for _ in 0..ATTEMPTS {
        let Few(mut containers) = client.get::<Few<Made, AT_ONCE>>(&containers, LIST).await?;
        containers.retain(is_chosen);
        let Few(mut images) = client.get::<Few<Made, AT_ONCE>>(&images, LIST).await?;
        images.retain(is_chosen);
        if containers.is_empty() && images.is_empty() {
            return Ok(());
        }
        for container in containers {
            let path = Path::new("/containers").part(&container.id);
            let path = path.with("force", "true").with("v", "true");
            noted(client.tell(Method::DELETE, &path).await);
        }
        for image in images {
            remove_image(client, &image.id).await;
        }
        tokio::time::sleep(BETWEEN).await;
    }
    Ok(())
}

/// Removes an image, even if other names refer to it.
pub(super) async fn remove_image(client: &Client, id: &str) {
    let path = Path::new("/images").part(id).with("force", "true");
    noted(client.tell(Method::DELETE, &path).await);
}

/// What cannot be removed yet is tried again.
fn noted(result: Result<(), ClientError>) {
    if let Err(error) = result {
        tracing::debug!("not removed: {error}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_owner_is_known_by_its_label() {
        let this = Owner::this().unwrap();
        assert_eq!(this.to_string().parse(), Ok(this.clone()));
        assert!(!this.is_gone());
        for text in ["", "a/b/c/d", "1/2/3", "somebody's own", "/1/2/3/4"] {
            assert_eq!(text.parse::<Owner>(), Err(()), "{text}");
        }
    }

    #[test]
    fn one_that_has_ended_is_gone_and_its_number_may_be_anothers() {
        let this = Owner::this().unwrap();
        let mut child = std::process::Command::new("true").spawn().unwrap();
        let pid = i32::try_from(child.id()).unwrap();
        child.wait().unwrap();
        assert!(Owner { pid, ..this.clone() }.is_gone());
        assert!(Owner { started: this.started + 1, ..this.clone() }.is_gone());
        assert!(Owner { boot: "another".to_owned(), ..this.clone() }.is_gone());
    }

    #[test]
    fn one_that_cannot_be_seen_is_not_taken_to_be_gone() {
        let this = Owner::this().unwrap();
        assert!(!Owner { namespace: this.namespace + 1, pid: 1, ..this }.is_gone());
    }
}

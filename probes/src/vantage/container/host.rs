//! The containers of one run, as its cleanup process has them from the engine.

use std::ops::ControlFlow;
use std::time::Duration;

use hyper::Method;
use serde::Deserialize;
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::sync::mpsc::{Sender, UnboundedReceiver};
use tokio::sync::{OnceCell, watch};

use super::INSIDE;
use super::archive::{PROGRAM, of_this_program};
use super::leftovers::{LABEL, Owner};
use super::wire::{Event, LONGEST_OUT, Lines};
use crate::engine::client::frames::{Frames, Stream};
use crate::engine::client::{Carried, Client, ClientError, Path};
use crate::engine::local_client;

/// How long the engine may take for one request. A run waits for none of them this long; what was
/// begun is waited for, so that it can be undone.
const ENGINE_PATIENCE: Duration = Duration::from_mins(1);

/// Bytes of memory that a container may use. Its program needs a tenth.
const MEMORY: i64 = 128 * 1024 * 1024;

/// Processes and threads of a container. Its program has one process with a few threads.
const PROCESSES: i64 = 64;

/// Bytes of a container's output that are read at once.
const PIECE: usize = 16 * 1024;

/// The user and group inside: nobody.
const USER: &str = "65534:65534";

/// An engine, and what one cleanup process has made in it.
pub(super) struct Host {
    /// Or why there is none.
    pub(super) client: Result<Client, String>,
    pub(super) owner: Owner,
    /// All containers are of one image, which is made for the first.
    image: OnceCell<String>,
    over: watch::Receiver<bool>,
}

impl Host {
    /// The host with this device's engine. After `over` nothing is started.
    pub(super) async fn new(owner: Owner, over: watch::Receiver<bool>) -> Self {
        let client = local_client(ENGINE_PATIENCE).await;
        Self { client, owner, image: OnceCell::new(), over }
    }

    /// Starts a container on a network, sends it these lines, and sends on the lines that it writes as
    /// events with this number. Returns when either side has ended; the container is then removed.
    ///
    /// Errors say in one line what the engine refused.
    pub(super) async fn run_container(
        &self,
        name: &str,
        network: &str,
        lines: UnboundedReceiver<String>,
        (number, events): (u32, &Sender<Event>),
    ) -> Result<(), String> {
        let client = self.client.as_ref().map_err(Clone::clone)?;
        let image = self.image.get_or_try_init(|| self.import(client)).await?;
        if *self.over.borrow() {
            return Ok(());
        }
        let path = Path::new("/containers/create").with("name", name);
        let made = client.order::<Created>(&path, &self.container(image, network)).await;
        let Created { id } = made.map_err(refused("made"))?;
        let container = || Path::new("/containers").part(&id);
        let result = async {
            // Attached before it starts, so that its input is never without an end.
            let path = container().then("/attach").with("stream", "true");
            let path = path.with("stdin", "true").with("stdout", "true");
            let attached = client.upgrade(&path).await.map_err(refused("attached to"))?;
            if *self.over.borrow() {
                return Ok(());
            }
            let started = client.tell(Method::POST, &container().then("/start")).await;
            started.map_err(refused("started"))?;
            relay(attached, lines, (number, events)).await
        };
        let result = result.await;
        let path = container().with("force", "true").with("v", "true");
        // The engine may already be removing it.
        drop(client.tell(Method::DELETE, &path).await);
        result
    }

    /// The id of the image, if it was made.
    pub(super) fn image(&self) -> Option<&str> {
        self.image.get().map(String::as_str)
    }

    /// Makes an image whose only file is this program, and returns its id.
    ///
    /// It has no name, so that the engine's own `prune` takes it as well, if ever it were left.
    async fn import(&self, client: &Client) -> Result<String, String> {
        let over = self.over.clone();
        let archive =
            of_this_program(move || !*over.borrow()).map_err(|error| error.to_string())?;
        let label = format!("LABEL {LABEL}={}", self.owner);
        let path = Path::new("/images/create").with("fromSrc", "-").with("changes", &label);
        let told = client.send(&path, archive).await.map_err(refused("given an image"))?;
        image_in(&told).map_err(|why| format!("it cannot be given an image: {why}"))
    }

    fn container(&self, image: &str, network: &str) -> serde_json::Value {
        json!({
            "Image": image,
            "Entrypoint": [PROGRAM, INSIDE],
            "User": USER,
            "Labels": { LABEL: self.owner.to_string() },
            "AttachStdin": true,
            "AttachStdout": true,
            "AttachStderr": false,
            "OpenStdin": true,
            // Its input ends when the attached client goes, and then the container ends.
            "StdinOnce": true,
            "Healthcheck": { "Test": ["NONE"] },
            "HostConfig": {
                "NetworkMode": network,
                "AutoRemove": true,
                "RestartPolicy": { "Name": "no" },
                "ReadonlyRootfs": true,
                "CapDrop": ["ALL"],
                "SecurityOpt": ["no-new-privileges"],
                "Memory": MEMORY,
                "PidsLimit": PROCESSES,
                "LogConfig": { "Type": "none" },
            },
        })
    }
}

/// A container that was made.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Created {
    id: String,
}

/// The id of an image, in the lines by which the engine tells of its making.
fn image_in(told: &[u8]) -> Result<String, String> {
    #[derive(Default, Deserialize)]
    #[serde(default)]
    struct Line {
        status: Option<String>,
        error: Option<String>,
    }
    let lines = serde_json::Deserializer::from_slice(told).into_iter::<Line>();
    let mut id = None;
    for line in lines {
        let line = line.map_err(|error| error.to_string())?;
        if let Some(error) = line.error {
            return Err(error);
        }
        id = line.status.or(id);
    }
    id.ok_or_else(|| "the engine did not say which image it made".to_owned())
}

/// Carries lines in and out until either side has ended. It reads no faster than the events are taken.
async fn relay(
    attached: Box<dyn Carried>,
    mut lines: UnboundedReceiver<String>,
    (id, events): (u32, &Sender<Event>),
) -> Result<(), String> {
    let (mut output, mut input) = tokio::io::split(attached);
    let mut frames = Frames::default();
    let mut written = Lines::at_most(LONGEST_OUT);
    let mut piece = vec![0; PIECE];
    loop {
        tokio::select! {
            line = lines.recv() => {
                let Some(line) = line else { return Ok(()) };
                let handed = async {
                    input.write_all(line.as_bytes()).await?;
                    input.flush().await
                };
                handed.await.map_err(|error| format!("the container does not read its input: {error}"))?;
            }
            length = output.read(&mut piece) => {
                let length = length.map_err(|e| refused("listened to")(e.into()))?;
                let bytes = piece.get(..length).unwrap_or_default();
                if bytes.is_empty() {
                    return Ok(());
                }
                let mut added = Ok(());
                let _ = frames.take(bytes, |stream, bytes| {
                    if stream == Stream::Output {
                        added = written.add(bytes);
                    }
                    if added.is_ok() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
                });
                added.map_err(|error| format!("the container sent an invalid line: {error}"))?;
                while let Some(line) = written.next() {
                    if events.send(Event::Line { id, line }).await.is_err() {
                        return Ok(());
                    }
                }
            }
        }
    }
}

/// The engine's reason why a container could not be made, started or reached.
fn refused(what: &'static str) -> impl FnOnce(ClientError) -> String {
    move |error| match error {
        ClientError::Refused { message, .. } => format!("it cannot be {what}: {message}"),
        ClientError::TimedOut => format!("it cannot be {what}: the engine does not answer"),
        error => format!("it cannot be {what}: {error}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_is_known_by_the_last_of_the_engine_s_lines() {
        let told = b"{\"status\":\"reading\"}\r\n{\"status\":\"sha256:ab\"}\r\n";
        assert_eq!(image_in(told).unwrap(), "sha256:ab");
        let refused = br#"{"errorDetail":{"message":"no space"},"error":"no space"}"#;
        assert_eq!(image_in(refused).unwrap_err(), "no space");
        assert!(image_in(b"").is_err() && image_in(b"{").is_err());
    }
}

//! The containers of one run, as its keeper has them from the engine.

use std::collections::HashMap;
use std::time::Duration;

use bollard::Docker;
use bollard::container::{AttachContainerResults, LogOutput};
use bollard::errors::Error;
use bollard::models::{
    ContainerCreateBody, HealthConfig, HostConfig, HostConfigLogConfig, RestartPolicy,
    RestartPolicyNameEnum,
};
use bollard::query_parameters::{
    AttachContainerOptions, CreateContainerOptions, CreateImageOptions, RemoveContainerOptions,
    StartContainerOptions,
};
use futures_util::StreamExt as _;
use tokio::io::AsyncWriteExt as _;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::sync::{OnceCell, watch};

use super::INSIDE;
use super::archive::{PROGRAM, of_this_program};
use super::leftovers::{LABEL, Owner};
use super::wire::{LONGEST_OUT, Lines};
use crate::engine::local_client;

/// How long the engine may take for one request. A run waits for none of them this long; what was
/// begun is waited for, so that it can be undone.
const ENGINE_PATIENCE: Duration = Duration::from_mins(1);

/// Bytes of memory that a container may use. Its program needs a tenth.
const MEMORY: i64 = 128 * 1024 * 1024;

/// Processes and threads of a container. Its program has one process with a few threads.
const PROCESSES: i64 = 64;

/// The user and group inside: nobody.
const USER: &str = "65534:65534";

/// An engine, and what one keeper has made in it.
pub(super) struct Host {
    /// Or why there is none.
    pub(super) docker: Result<Docker, String>,
    pub(super) owner: Owner,
    /// All containers are of one image, which is made for the first.
    image: OnceCell<String>,
    over: watch::Receiver<bool>,
}

impl Host {
    /// Of this device's engine. Whatever is made after `over` was made in vain.
    pub(super) async fn new(owner: Owner, over: watch::Receiver<bool>) -> Self {
        let docker = local_client(ENGINE_PATIENCE).await;
        Self { docker, owner, image: OnceCell::new(), over }
    }

    /// Starts a container on a network, hands it these lines, and hands on those that it writes.
    /// Returns when either side has ended; the container is gone then.
    ///
    /// Errors say in a line what the engine would not do.
    pub(super) async fn have(
        &self,
        name: &str,
        network: &str,
        lines: UnboundedReceiver<String>,
        said: impl FnMut(String),
    ) -> Result<(), String> {
        let docker = self.docker.as_ref().map_err(Clone::clone)?;
        let image = self.image.get_or_try_init(|| self.import(docker)).await?;
        if *self.over.borrow() {
            return Ok(());
        }
        let options = CreateContainerOptions { name: Some(name.to_owned()), ..Default::default() };
        let container = self.container(image, network);
        let container =
            docker.create_container(Some(options), container).await.map_err(refused("made"))?;
        let result = async {
            // Attached before it starts, so that its input is never without an end.
            let attached = AttachContainerOptions {
                stream: true,
                stdin: true,
                stdout: true,
                ..Default::default()
            };
            let attached = docker.attach_container(&container.id, Some(attached)).await;
            let attached = attached.map_err(refused("attached to"))?;
            if *self.over.borrow() {
                return Ok(());
            }
            let started = docker.start_container(&container.id, None::<StartContainerOptions>);
            started.await.map_err(refused("started"))?;
            relay(attached, lines, said).await
        };
        let result = result.await;
        let force = RemoveContainerOptions { force: true, v: true, ..Default::default() };
        // It may be on its way out already.
        drop(docker.remove_container(&container.id, Some(force)).await);
        result
    }

    /// The id of the image that was made, if one was.
    pub(super) fn image(&self) -> Option<&str> {
        self.image.get().map(String::as_str)
    }

    /// Makes an image whose only file is this program, and returns its id.
    ///
    /// It has no name, so that the engine's own `prune` takes it as well, if ever it were left.
    async fn import(&self, docker: &Docker) -> Result<String, String> {
        let over = self.over.clone();
        let archive =
            of_this_program(move || !*over.borrow()).map_err(|error| error.to_string())?;
        let options = CreateImageOptions {
            from_src: Some("-".to_owned()),
            changes: vec![format!("LABEL {LABEL}={}", self.owner)],
            ..Default::default()
        };
        let body = bollard::body_try_stream(archive);
        let mut told = Box::pin(docker.create_image(Some(options), Some(body), None));
        let mut id = None;
        while let Some(line) = told.next().await {
            id = line.map_err(refused("given an image"))?.status.or(id);
        }
        id.ok_or_else(|| "the engine did not say which image it made".to_owned())
    }

    fn container(&self, image: &str, network: &str) -> ContainerCreateBody {
        ContainerCreateBody {
            image: Some(image.to_owned()),
            entrypoint: Some(vec![PROGRAM.to_owned(), INSIDE.to_owned()]),
            user: Some(USER.to_owned()),
            labels: Some(HashMap::from([(LABEL.to_owned(), self.owner.to_string())])),
            attach_stdin: Some(true),
            attach_stdout: Some(true),
            attach_stderr: Some(false),
            open_stdin: Some(true),
            // Its input ends when whoever is attached goes, and with it the container.
            stdin_once: Some(true),
            healthcheck: Some(HealthConfig {
                test: Some(vec!["NONE".to_owned()]),
                ..Default::default()
            }),
            host_config: Some(HostConfig {
                network_mode: Some(network.to_owned()),
                auto_remove: Some(true),
                restart_policy: Some(RestartPolicy {
                    name: Some(RestartPolicyNameEnum::NO),
                    maximum_retry_count: None,
                }),
                readonly_rootfs: Some(true),
                cap_drop: Some(vec!["ALL".to_owned()]),
                security_opt: Some(vec!["no-new-privileges".to_owned()]),
                memory: Some(MEMORY),
                pids_limit: Some(PROCESSES),
                log_config: Some(HostConfigLogConfig {
                    typ: Some("none".to_owned()),
                    config: None,
                }),
                ..Default::default()
            }),
            ..Default::default()
        }
    }
}

/// Carries lines in and out until either side has ended.
async fn relay(
    attached: AttachContainerResults,
    mut lines: UnboundedReceiver<String>,
    mut said: impl FnMut(String),
) -> Result<(), String> {
    let AttachContainerResults { mut output, mut input } = attached;
    let mut written = Lines::at_most(LONGEST_OUT);
    loop {
        tokio::select! {
            line = lines.recv() => {
                let Some(line) = line else { return Ok(()) };
                let handed = async {
                    input.write_all(line.as_bytes()).await?;
                    input.flush().await
                };
                handed.await.map_err(|error| format!("the container does not listen: {error}"))?;
            }
            piece = output.next() => {
                let Some(piece) = piece else { return Ok(()) };
                let piece = piece.map_err(refused("listened to"))?;
                if let LogOutput::StdOut { message } = piece {
                    let added = written.add(&message);
                    added.map_err(|error| format!("the container talks nonsense: {error}"))?;
                    while let Some(line) = written.next() {
                        said(line);
                    }
                }
            }
        }
    }
}

/// The engine's own words for what a container could not be.
fn refused(what: &'static str) -> impl FnOnce(Error) -> String {
    move |error| match error {
        Error::DockerResponseServerError { message, .. } => {
            format!("it cannot be {what}: {message}")
        }
        Error::RequestTimeoutError => format!("it cannot be {what}: the engine is silent"),
        error => format!("it cannot be {what}: {error}"),
    }
}

//! An embedded internet for `edgeprobe demo`: an IoT Hub, a name server, a control host and one
//! fault, on loopback.

use std::io;
use std::sync::mpsc;
use std::thread::{self, JoinHandle};

use edgeprobe_emulator::{Internet, Layout, Scenario, StartError};
use tokio::sync::oneshot;

/// A running internet on a separate thread, so that the probes wait for real peers.
pub struct Demo {
    layout: Layout,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// The embedded internet cannot be started.
#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    /// The operating system gives no thread or no event loop.
    #[error("cannot start a thread for the embedded hub: {0}")]
    Thread(#[from] io::Error),
    /// A server of it cannot be started.
    #[error("cannot start the embedded hub: {0}")]
    Start(#[from] StartError),
    /// It ended before it served.
    #[error("the embedded hub ended before it served")]
    Ended,
}

impl Demo {
    /// Starts the internet and returns when it serves.
    pub fn start(scenario: Scenario) -> Result<Self, DemoError> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let (started, wait) = mpsc::channel();
        let (stop, stopped) = oneshot::channel();
        let thread = thread::Builder::new().name("embedded-hub".to_owned()).spawn(move || {
            runtime.block_on(async {
                match Internet::start(scenario).await {
                    Ok(internet) => {
                        let _ = started.send(Ok(internet.layout().clone()));
                        // Until the sender sends or is gone.
                        let _ = stopped.await;
                        internet.stop().await;
                    }
                    Err(error) => drop(started.send(Err(error))),
                }
            });
        })?;
        let layout = wait.recv().map_err(|_| DemoError::Ended)??;
        Ok(Self { layout, stop: Some(stop), thread: Some(thread) })
    }

    /// Where everything is.
    pub fn layout(&self) -> &Layout {
        &self.layout
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // A panic there was reported there.
            let _ = thread.join();
        }
    }
}

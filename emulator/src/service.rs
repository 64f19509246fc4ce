//! A listening task that serves each connection within bounds and ends with its handle.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::timeout;

/// How long one connection may last: longer than any probe waits.
pub const LONGEST_CONNECTION: Duration = Duration::from_secs(30);

/// How many bytes one peer may send over one connection.
pub const MOST_BYTES: u64 = 1 << 20;

/// How many connections are served at once; further ones wait in the kernel's queue.
const MOST_CONNECTIONS: usize = 256;

/// A task that listens on an address until it is stopped or dropped.
#[derive(Debug)]
pub struct Service {
    address: SocketAddr,
    task: Task,
}

impl Service {
    /// Serves every connection that `listener` accepts with `serve`, each as a task of its own.
    ///
    /// A connection that outlasts [`LONGEST_CONNECTION`] is closed. Its errors concern nobody but
    /// its peer and are only traced.
    pub fn spawn<S, F>(listener: TcpListener, serve: S) -> io::Result<Self>
    where
        S: Fn(TcpStream) -> F + Send + 'static,
        F: Future<Output = io::Result<()>> + Send + 'static,
    {
        let address = listener.local_addr()?;
        Ok(Self { address, task: Task::spawn(accept_all(listener, serve)) })
    }

    /// The address that it listens on.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Stops listening and returns when the address is free again.
    pub async fn stop(self) {
        self.task.stop().await;
    }
}

/// A task that ends with its handle.
#[derive(Debug)]
pub(crate) struct Task(JoinHandle<()>);

impl Task {
    pub(crate) fn spawn(future: impl Future<Output = ()> + Send + 'static) -> Self {
        Self(tokio::spawn(future))
    }

    /// Ends the task and returns when all that it held is released.
    pub(crate) async fn stop(mut self) {
        self.0.abort();
        // The error says that the task was cancelled, which is what was asked for.
        let _ = (&mut self.0).await;
    }
}

impl Drop for Task {
    fn drop(&mut self) {
        self.0.abort();
    }
}

async fn accept_all<S, F>(listener: TcpListener, serve: S)
where
    S: Fn(TcpStream) -> F,
    F: Future<Output = io::Result<()>> + Send + 'static,
{
    let places = Arc::new(Semaphore::new(MOST_CONNECTIONS));
    // Dropped with this task, and every connection with it.
    let mut connections = JoinSet::new();
    while let Ok(place) = Arc::clone(&places).acquire_owned().await {
        let stream = match listener.accept().await {
            Ok((stream, _)) => {
                // As servers do: an answer does not wait until the client has acknowledged what
                // came before it, the session tickets of TLS 1.3 above all. Without it, it is slow.
                let _ = stream.set_nodelay(true);
                stream
            }
            // Errors of accept are the pending connection's, or a shortage that passes (accept(2)).
            Err(error) => {
                tracing::debug!(%error, "a connection could not be accepted");
                tokio::time::sleep(Duration::from_millis(10)).await;
                continue;
            }
        };
        let connection = serve(stream);
        connections.spawn(async move {
            match timeout(LONGEST_CONNECTION, connection).await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => tracing::debug!(%error, "a connection failed"),
                Err(_) => tracing::debug!("a connection lasted too long"),
            }
            drop(place);
        });
        while connections.try_join_next().is_some() {}
    }
}

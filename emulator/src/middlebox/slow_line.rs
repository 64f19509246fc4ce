//! A long line: every byte arrives, later.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadHalf, WriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep, sleep_until};

use crate::service::{MOST_BYTES, Service};

/// How many pieces of 4 KiB may be under way in one direction.
const PIECES_UNDER_WAY: usize = 64;

/// A line with a delay in front of one service.
///
/// The handshake of TCP itself is the kernel's and is not delayed: the delay shows from the first
/// byte on.
#[derive(Clone, Copy, Debug)]
pub struct SlowLine {
    /// How long a byte is under way in each direction: half a round trip.
    pub one_way: Duration,
    /// The service at the other end.
    pub upstream: SocketAddr,
}

impl SlowLine {
    /// Takes connections in the service's place.
    pub fn serve(self, listener: TcpListener) -> io::Result<Service> {
        Service::spawn(listener, move |device| async move {
            let service = TcpStream::connect(self.upstream).await?;
            // Small pieces must not wait for one another on top of the delay.
            device.set_nodelay(true)?;
            service.set_nodelay(true)?;
            let (device_reader, device_writer) = tokio::io::split(device);
            let (service_reader, service_writer) = tokio::io::split(service);
            tokio::try_join!(
                delay(device_reader, service_writer, self.one_way),
                delay(service_reader, device_writer, self.one_way),
            )?;
            Ok(())
        })
    }
}

/// Passes on each piece, and then the end, when its time has come.
async fn delay<A, B>(
    reader: ReadHalf<A>,
    mut writer: WriteHalf<B>,
    one_way: Duration,
) -> io::Result<()>
where
    A: AsyncRead,
    B: AsyncWrite,
{
    let (sender, mut line) = mpsc::channel::<(Instant, Vec<u8>)>(PIECES_UNDER_WAY);
    let take = async move {
        let mut reader = reader.take(MOST_BYTES);
        let mut buffer = vec![0; 4096];
        loop {
            let count = reader.read(&mut buffer).await?;
            let piece = buffer.get(..count).unwrap_or_default().to_vec();
            if piece.is_empty() || sender.send((Instant::now() + one_way, piece)).await.is_err() {
                return io::Result::Ok(());
            }
        }
    };
    let give = async move {
        while let Some((due, piece)) = line.recv().await {
            sleep_until(due).await;
            writer.write_all(&piece).await?;
            writer.flush().await?;
        }
        sleep(one_way).await;
        writer.shutdown().await
    };
    tokio::try_join!(take, give)?;
    Ok(())
}

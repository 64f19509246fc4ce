//! What may stand between a device and the hub: each takes connections in the hub's place and
//! relays what it lets through to an upstream address.

mod interceptor;
mod name_filter;
mod slow_line;

use std::io;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadHalf, WriteHalf};

pub use interceptor::Interceptor;
pub use name_filter::NameFilter;
pub use slow_line::SlowLine;

use crate::service::MOST_BYTES;

/// Passes everything both ways until both sides have ended.
async fn relay<A, B>(one: A, other: B) -> io::Result<()>
where
    A: AsyncRead + AsyncWrite,
    B: AsyncRead + AsyncWrite,
{
    let (one_reader, one_writer) = tokio::io::split(one);
    let (other_reader, other_writer) = tokio::io::split(other);
    tokio::try_join!(pass(one_reader, other_writer), pass(other_reader, one_writer))?;
    Ok(())
}

async fn pass<A, B>(reader: ReadHalf<A>, mut writer: WriteHalf<B>) -> io::Result<()>
where
    A: AsyncRead,
    B: AsyncWrite,
{
    tokio::io::copy(&mut reader.take(MOST_BYTES), &mut writer).await?;
    writer.shutdown().await
}

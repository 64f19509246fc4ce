//! What can go wrong between the engine and its client.

use std::error::Error as _;
use std::io;

/// The engine was asked in vain.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ClientError {
    /// It answers with a status that is no success; the message is its own, cleaned.
    #[error("the engine answers {status}: {message}")]
    Refused { status: u16, message: String },
    /// It is silent, or goes on for longer than it may take.
    #[error("no answer in time")]
    TimedOut,
    /// It says more than is read.
    #[error("its answer to {path} is longer than {} MiB, which is not read", most / 1024 / 1024)]
    TooLong { path: String, most: usize },
    /// Its answer is not JSON, or JSON of another shape.
    #[error("its answer to {path} is not understood: {source}")]
    NotUnderstood { path: String, source: serde_json::Error },
    /// It does not say which version of its API it speaks.
    #[error("it does not say which version of its API it speaks")]
    NoVersion,
    /// The request cannot be made.
    #[error("it cannot be asked: {0}")]
    Unfit(String),
    /// The connection is not made, or breaks.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// What comes is no HTTP, or too much of it.
    #[error("its answer is no HTTP: {}", in_words(.0))]
    Http(#[source] hyper::Error),
}

impl From<hyper::Error> for ClientError {
    fn from(error: hyper::Error) -> Self {
        let source = error.source().and_then(|source| source.downcast_ref::<io::Error>());
        match source {
            // The same error, for hyper keeps its own.
            Some(source) => Self::Io(match source.raw_os_error() {
                Some(number) => io::Error::from_raw_os_error(number),
                None => io::Error::new(source.kind(), source.to_string()),
            }),
            None if error.is_incomplete_message() => Self::Io(io::ErrorKind::UnexpectedEof.into()),
            None => Self::Http(error),
        }
    }
}

fn in_words(error: &hyper::Error) -> String {
    let source = error.source().map(|source| format!(": {source}"));
    format!("{error}{}", source.unwrap_or_default())
}

//! What arbitrary bytes become in the place of the engine's answers, its settings and its command line.

use std::ops::ControlFlow;

use edgeprobe_facts::engine::EngineFacts;
use serde_json::{Value, json};

use super::client::frames::Frames;
use super::command_line::CommandLine;
use super::endpoint::Endpoint;
use super::{api, inspection, settings};

/// The body of any answer: lists, details of a container, what the engine says of itself, and what a
/// bundle keeps of it.
pub fn answer(body: &[u8]) -> Value {
    let mut facts = EngineFacts::default();
    api::fuzzing::add(body, &mut facts);
    json!([facts, inspection::of_any(body)])
}

/// A log in frames, in pieces of a few bytes.
pub fn log(bytes: &[u8]) -> Value {
    let mut frames = Frames::default();
    let (mut count, mut length) = (0, 0);
    for piece in bytes.chunks(5) {
        let _ = frames.take(piece, |_, part| {
            count += 1;
            length += part.len();
            ControlFlow::Continue(())
        });
    }
    json!([count, length])
}

/// The file of its settings, `DOCKER_HOST`, and the arguments of its process.
pub fn configuration(bytes: &[u8]) -> Value {
    let file = settings::parse(bytes);
    let text = String::from_utf8_lossy(bytes);
    let line = CommandLine::from_arguments(text.split('\0'));
    let host = Endpoint::parse(&text).map(|endpoint| endpoint.to_string());
    let problem = file.as_ref().err().map(|error| crate::clean::line(&error.to_string(), 160));
    json!([line.over(file.unwrap_or_default()), problem, host.unwrap_or_else(|error| error)])
}

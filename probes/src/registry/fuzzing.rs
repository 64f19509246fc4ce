//! What arbitrary bytes become in the place of a registry's answers and of `docker login`'s file.

use edgeprobe_facts::registry::Part;
use serde_json::{Value, json};
use tokio::io::{join, sink};

use super::credentials::Credentials;
use super::{answer, challenge, manifest};
use crate::http;

/// The longest manifest, in bytes.
const LONGEST: usize = 1024 * 1024;

/// An answer with its head: what it says, what it asks for, and the manifest in its body.
pub async fn answer(bytes: &[u8]) -> Value {
    let mut stream = join(bytes, sink());
    let request = "GET /v2/ HTTP/1.1\r\n\r\n";
    let message = match http::exchange(&mut stream, request, LONGEST).await {
        Ok(message) => message,
        Err(none) => return json!(none.excerpt()),
    };
    let read = answer::read(Part::Image, &message);
    let challenge = challenge::read(message.all("www-authenticate"));
    let greets = answer::greets_as_a_registry(&message, challenge.is_some());
    let failure = answer::failure(&read);
    let address = answer::refused_address(&read);
    let manifest = format!("{:?}", manifest::read(&message.body));
    json!([read, challenge, greets, failure, address, manifest])
}

/// A manifest or another body, without a head.
pub fn manifest(body: &[u8]) -> Value {
    json!(format!("{:?}", manifest::read(body)))
}

/// The file of the engine's client.
pub fn credentials(content: &[u8]) -> Value {
    json!(Credentials::parse("config.json".as_ref(), content).map_err(|e| e.to_string()).err())
}

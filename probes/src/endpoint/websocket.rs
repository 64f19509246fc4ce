//! The upgrade to WebSocket on the hub's port 443.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use edgeprobe_facts::endpoint::EndpointFacts;
use edgeprobe_facts::{Failure, Step, Token};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};

use super::carrier::Frames;
use super::http;
use crate::random;
use crate::recorder::io_failure;

/// What the runtime asks for when it speaks AMQP.
pub(super) const AMQP: &str = "AMQPWSB10";
/// What the runtime asks for when it speaks MQTT.
pub(super) const MQTT: &str = "mqtt";

/// Where IoT Hub takes upgrades. Without the query it asks for a client certificate by
/// renegotiation once it has read the request, which rustls does not do.
const PATH: &str = "/$iothub/websocket?iothub-no-client-cert=true";

/// The largest frame and message that is read, in bytes.
const MAX_MESSAGE: usize = 64 * 1024;

/// Upgrades the stream, and fails unless the peer agrees to `subprotocol`.
pub(super) async fn upgrade<S>(
    mut stream: S,
    subprotocol: &str,
    facts: &mut EndpointFacts,
) -> Result<Frames<S>, Failure>
where
    S: AsyncRead + AsyncWrite + Unpin + Send,
{
    let key = random::bytes::<16>().map_err(|error| io_failure(Step::Upgrade, &error))?;
    let key = BASE64_STANDARD.encode(key);
    let host = http::host(&facts.server, facts.port);
    let request = format!(
        "GET {PATH} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: edgeprobe\r\nUpgrade: websocket\r\n\
         Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n\
         Sec-WebSocket-Protocol: {subprotocol}\r\n\r\n"
    );
    let answer = http::exchange(&mut stream, Step::Upgrade, &request, facts).await?;
    let status = answer.facts.status;
    let server = answer.facts.server.clone();
    let agreed = answer.facts.subprotocol.clone();
    facts.http = Some(answer.facts);

    let failure = |token, detail| Err(Failure::new(Step::Upgrade, token, detail));
    if status != 101 {
        let server = server.as_deref().unwrap_or("an unnamed server");
        return failure(Token::UpgradeRefused, format!("answered {status} by {server}"));
    }
    // An echo or a cache cannot know the key (RFC 6455, section 1.3).
    if answer.accept.as_deref() != Some(derive_accept_key(key.as_bytes()).as_str()) {
        return failure(Token::HttpBadAnswer, "answered 101 without the key's proof".to_owned());
    }
    if !agreed.as_deref().is_some_and(|agreed| agreed.eq_ignore_ascii_case(subprotocol)) {
        let agreed = agreed.as_deref().unwrap_or("none");
        let detail = format!("agreed to the subprotocol {agreed} instead of {subprotocol}");
        return failure(Token::UpgradeWrongSubprotocol, detail);
    }
    let frames =
        WebSocketStream::from_partially_read(stream, answer.rest, Role::Client, Some(config()));
    Ok(Frames(frames.await))
}

/// How much of a peer's frames and messages is read.
pub(super) fn config() -> WebSocketConfig {
    let config = WebSocketConfig::default();
    config.max_message_size(Some(MAX_MESSAGE)).max_frame_size(Some(MAX_MESSAGE))
}

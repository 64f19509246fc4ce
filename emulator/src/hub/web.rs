//! The hub's web port: HTTPS, and WebSocket upgrades.

use std::io;
use std::time::UNIX_EPOCH;

use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};

use super::Upgrades;
use crate::amqp::{self, Amqp};
use crate::http::{Clock, Request, Response};
use crate::mqtt::{self, Mqtt};
use crate::protocol::{Protocol, over_websocket};

/// Where the hub takes upgrades.
const WEBSOCKET_PATH: &str = "/$iothub/websocket";
const LARGEST_MESSAGE: usize = 256 * 1024;

pub(super) struct Site {
    pub(super) upgrades: Upgrades,
    pub(super) clock: Clock,
}

impl Site {
    pub(super) async fn serve<S>(&self, mut stream: S) -> io::Result<()>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send,
    {
        let Some(request) = Request::read(&mut stream).await? else { return Ok(()) };
        if !request.lists("upgrade", "websocket") {
            return self.invalid_version().send_and_close(&mut stream).await;
        }
        if self.upgrades == Upgrades::Refused {
            return self.forbidden().send_and_close(&mut stream).await;
        }
        match Upgrade::from_request(&request) {
            Some(upgrade) => self.converse(stream, &request, upgrade).await,
            None => self.bad_request().send_and_close(&mut stream).await,
        }
    }

    async fn converse<S>(
        &self,
        mut stream: S,
        request: &Request,
        upgrade: Upgrade,
    ) -> io::Result<()>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send,
    {
        let response = Response::new("101 Switching Protocols")
            .header("Upgrade", "websocket")
            .header("Connection", "Upgrade")
            .header("Sec-WebSocket-Accept", upgrade.accept_key)
            .header("Sec-WebSocket-Protocol", upgrade.subprotocol)
            .header("Date", self.clock.date());
        stream.write_all(response.to_string().as_bytes()).await?;
        stream.flush().await?;
        let limits = WebSocketConfig::default()
            .max_message_size(Some(LARGEST_MESSAGE))
            .max_frame_size(Some(LARGEST_MESSAGE));
        let rest = request.rest.clone();
        let socket =
            WebSocketStream::from_partially_read(stream, rest, Role::Server, Some(limits)).await;
        over_websocket(socket, upgrade.protocol).await
    }

    /// What IoT Hub answers to a request without `api-version`, whatever its path.
    fn invalid_version(&self) -> Response {
        let seconds = self.clock.now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_secs());
        let body = serde_json::json!({
            "Message": "ErrorCode:InvalidProtocolVersion;BadRequest",
            "ExceptionMessage": format!(
                "Tracking ID:{seconds:032x}-G:0-TimeStamp:{}", self.clock.date()
            ),
        });
        self.response("400 Bad Request")
            .header("iothub-errorcode", "InvalidProtocolVersion")
            .body("application/json; charset=utf-8", body.to_string())
    }

    /// An upgrade at another path, without a subprotocol that the hub knows, or malformed.
    fn bad_request(&self) -> Response {
        self.response("400 Bad Request")
    }

    /// What a filtering proxy answers; it never claims to be the hub.
    fn forbidden(&self) -> Response {
        Response::new("403 Forbidden")
            .header("Server", "web-filter")
            .header("Date", self.clock.date())
            .body("text/html", "<html><body>Blocked by policy: WebSocket</body></html>")
    }

    fn response(&self, status: &'static str) -> Response {
        Response::new(status)
            .header("Server", "Microsoft-HTTPAPI/2.0")
            .header("Date", self.clock.date())
    }
}

/// An upgrade that the hub serves.
struct Upgrade {
    accept_key: String,
    /// As the client wrote it: the answer must repeat one of its offers (RFC 6455, section 4.2.2).
    subprotocol: String,
    protocol: Box<dyn Protocol>,
}

impl Upgrade {
    fn from_request(request: &Request) -> Option<Self> {
        let well_formed = request.method == "GET"
            && request.path() == WEBSOCKET_PATH
            && request.lists("connection", "upgrade")
            && request.header("sec-websocket-version") == Some("13");
        if !well_formed {
            return None;
        }
        let accept_key = derive_accept_key(request.header("sec-websocket-key")?.as_bytes());
        let mut offers = request.header("sec-websocket-protocol")?.split(',').map(str::trim);
        offers.find_map(protocol).map(|(subprotocol, protocol)| Self {
            accept_key,
            subprotocol: subprotocol.to_owned(),
            protocol,
        })
    }
}

fn protocol(subprotocol: &str) -> Option<(&str, Box<dyn Protocol>)> {
    if subprotocol.eq_ignore_ascii_case("AMQPWSB10") {
        Some((subprotocol, Box::new(Amqp::new(amqp::Peer::IotHub))))
    } else if subprotocol.eq_ignore_ascii_case("mqtt") {
        Some((subprotocol, Box::new(Mqtt::new(mqtt::Peer::IotHub))))
    } else {
        None
    }
}

//! A plain request, over TLS or without it, that needs no identity.

use edgeprobe_facts::endpoint::{EndpointFacts, Transport};
use edgeprobe_facts::{Failure, Role, Step, Token};
use tokio::io::{AsyncRead, AsyncWrite};

use super::http;

/// Asks for something that every hub, or every registry, answers to anyone.
///
/// Without an `api-version` IoT Hub refuses the request before it looks for an identity, and
/// names the refusal in `iothub-errorcode`; that header is the proof. Of another host any answer
/// will do: that it can be reached is all that is asked.
pub(super) async fn ask<S>(stream: &mut S, facts: &mut EndpointFacts) -> Result<(), Failure>
where
    S: AsyncRead + AsyncWrite + Unpin + Send,
{
    let path = match facts.role {
        // Whatever answers without TLS is neither, and any path will do.
        _ if facts.transport == Transport::Http => "/",
        Role::Hub | Role::Detour | Role::Parent | Role::Proxy => "/devices/0000/modules",
        // The version check of the container registry's interface.
        Role::Control | Role::Registry => "/v2/",
        Role::Provisioning => "/",
    };
    let host = http::host(&facts.server, facts.port);
    let request = format!(
        "GET {path} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: edgeprobe\r\nAccept: */*\r\n\
         Connection: close\r\n\r\n"
    );
    let answer = http::exchange(stream, Step::Http, &request, facts).await?.facts;
    let genuine = answer.iothub_errorcode.is_some();
    let detail = format!(
        "answered {} by {}, without the header iothub-errorcode",
        answer.status,
        answer.server.as_deref().unwrap_or("an unnamed server"),
    );
    facts.http = Some(answer);
    if matches!(facts.role, Role::Hub | Role::Parent) && !genuine {
        return Err(Failure::new(Step::Http, Token::HttpNotIotHub, detail));
    }
    Ok(())
}

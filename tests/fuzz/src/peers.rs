//! What peers send.

use std::future::Future;

use edgeprobe_facts::proxy::ProxyUrl;
use edgeprobe_probes::{dns, endpoint, proxy, registry};
use serde_json::json;
use tokio::io::{join, sink};
use tokio::runtime::{Builder, Runtime};

use crate::shown::assert_clean;

thread_local! {
    static RUNTIME: Runtime = Builder::new_current_thread().enable_time().build().unwrap();
}

/// Runs what waits for nothing but the bytes.
fn at_once<T>(future: impl Future<Output = T>) -> T {
    RUNTIME.with(|runtime| runtime.block_on(future))
}

pub(crate) fn dns(bytes: &[u8]) {
    assert_clean(&dns::fuzzing::answer(bytes));
    // An answer whose question is the one that was asked.
    let mut repeated = dns::fuzzing::question();
    let head = repeated.len().min(bytes.len()).min(12);
    repeated[..head].copy_from_slice(&bytes[..head]);
    repeated[4..6].copy_from_slice(&[0, 1]);
    repeated.extend(bytes.get(head..).unwrap_or_default());
    assert_clean(&dns::fuzzing::answer(&repeated));
}

pub(crate) fn amqp(bytes: &[u8]) {
    assert_clean(&at_once(endpoint::fuzzing::amqp(bytes)));
    // Behind the header that a hub answers with.
    let answer = [b"AMQP\x03\x01\x00\x00", bytes].concat();
    assert_clean(&at_once(endpoint::fuzzing::amqp(&answer)));
}

pub(crate) fn mqtt(bytes: &[u8]) {
    assert_clean(&at_once(endpoint::fuzzing::mqtt(bytes)));
}

pub(crate) fn websocket(bytes: &[u8]) {
    assert_clean(&at_once(endpoint::fuzzing::frames(bytes)));
}

pub(crate) fn http(bytes: &[u8]) {
    assert_clean(&at_once(endpoint::fuzzing::http(bytes)));
}

pub(crate) fn tls_records(bytes: &[u8]) {
    assert_clean(&at_once(endpoint::fuzzing::records(bytes)));
}

pub(crate) fn certificates(bytes: &[u8]) {
    assert_clean(&endpoint::fuzzing::certificates(bytes));
}

pub(crate) fn registry(bytes: &[u8]) {
    assert_clean(&at_once(registry::fuzzing::answer(bytes)));
    registry::fuzzing::manifest(bytes);
}

pub(crate) fn proxy_answer(bytes: &[u8]) {
    let url: ProxyUrl = "http://user:word@proxy.example:3128".parse().unwrap();
    let mut answer = None;
    let mut stream = join(bytes, sink());
    let opened = proxy::open_tunnel(&mut stream, &url, ("hub.example", 443), &mut answer);
    let result = at_once(opened);
    assert_clean(&json!([answer, result.err()]));
}

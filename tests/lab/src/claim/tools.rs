//! The plain tools, and reading their answers.

use std::net::Ipv4Addr;

use super::{Answer, Claim, Question, Vantage};
use crate::world::{CA_FILE, HUB_NAME};
use crate::{Output, Place, Result};

/// How long something that is claimed to work may take, in seconds: the machine may be busy.
const PATIENT: &str = "5";
/// How long to wait for an answer that is claimed never to come, in seconds.
const BRIEF: &str = "1.2";
/// The exit status of `timeout` when the time ran out, and when it had to kill.
const TIMED_OUT: [i32; 2] = [124, 137];

/// Asks the question of `claim` in `place`, where the hub has the address `hub`.
pub(super) fn answer(place: &Place, claim: &Claim, hub: Ipv4Addr) -> Result<Answer> {
    let seconds = match claim.answer {
        Answer::Silent => BRIEF,
        _ => PATIENT,
    };
    let script = match claim.question {
        Question::Ping(address) => format!("busybox ping -c 1 -W 1 {}", address.given(hub)),
        Question::Tcp(address, port) => format!("exec 3<>/dev/tcp/{}/{port}", address.given(hub)),
        Question::Tls(port) => handshake(hub, port),
        Question::Dns => return resolve(place, claim.vantage, seconds),
        Question::Script(script) => script.to_owned(),
    };
    Ok(read(&place.bash(&script, seconds)?))
}

fn handshake(hub: Ipv4Addr, port: u16) -> String {
    let verify = format!("-CAfile {CA_FILE} -verify_return_error -verify_hostname {HUB_NAME}");
    let peer = format!("-connect {hub}:{port} -servername {HUB_NAME}");
    format!("openssl s_client {peer} {verify} </dev/null")
}

/// Asks the vantage's name server; a container has neither bash nor timeout, and needs neither.
fn resolve(place: &Place, vantage: Vantage, seconds: &str) -> Result<Answer> {
    let output = match vantage {
        Vantage::Container => place.run(&["nslookup", HUB_NAME])?,
        _ => place.bash(&format!("busybox nslookup {HUB_NAME}"), seconds)?,
    };
    // This nslookup succeeds whenever a server answered anything.
    let named = output.stdout.contains(HUB_NAME) && output.stdout.contains("Name:");
    Ok(if named && output.status.success() { Answer::Works } else { failure(&output) })
}

fn read(output: &Output) -> Answer {
    if output.status.success() { Answer::Works } else { failure(output) }
}

fn failure(output: &Output) -> Answer {
    let said = output.summary();
    let known = [
        ("Connection refused", Answer::Refused),
        ("No route to host", Answer::HostUnreachable),
        ("Network is unreachable", Answer::NetworkUnreachable),
        ("Permission denied", Answer::Prohibited),
        ("Invalid argument", Answer::Invalid),
    ];
    if let Some((_, answer)) = known.into_iter().find(|(text, _)| said.contains(text)) {
        return answer;
    }
    match output.status.code() {
        Some(code) if TIMED_OUT.contains(&code) => Answer::Silent,
        _ => Answer::Failed(said),
    }
}

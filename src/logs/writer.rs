//! Who writes a line, and so from where a name was resolved or a connection made.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::stamp::{after_decoration, bare, own_time, without_prefix};

/// Where the writer of a line runs.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Place {
    /// A daemon of the runtime, or the engine.
    Host,
    /// Edge Agent, Edge Hub, or another module.
    Container,
}

/// Beginnings of the names of programs that run on the host.
const HOST_PROGRAMS: [&str; 14] = [
    "aziot-",
    "iotedge",
    "azure-iot-edge",
    "docker",
    "moby",
    "containerd",
    "podman",
    "netavark",
    "aardvark-dns",
    "kernel",
    "socat",
    "systemd",
    "snap",
    "rootlesskit",
];

/// The containers of the runtime itself.
const RUNTIME: [&str; 2] = ["edgeagent", "edgehub"];

/// Levels as the daemons write them, and as modules do.
const OF_DAEMONS: [&str; 6] = ["[INFO]", "[WARN]", "[ERR!]", "[DBUG]", "[TRCE]", "[CRIT]"];
const OF_MODULES: [&str; 6] = ["[INF]", "[WRN]", "[ERR]", "[DBG]", "[FTL]", "[VRB]"];

/// What daemons and engines say themselves, in their own log or quoted in another.
const WORDS_OF_THE_HOST: [&str; 8] = [
    "caused by: ",
    "Error response from daemon",
    "Edgelet",
    "Could not pull image",
    "error trying to connect",
    "error occurred trying to connect",
    "failed to lookup address information",
    "client error (Connect)",
];

/// How .NET, Python, Node and the C SDK begin what they say.
const WORDS_OF_MODULES: [&str; 9] = [
    "Exception",
    "Traceback",
    "   at ",
    " ---> ",
    "[Errno ",
    "Error: Time:",
    "Info: Time:",
    "getaddrinfo ",
    "gaierror",
];

/// Where a program runs whose log this is, by the log's name: a unit, or a file named after one.
pub(super) fn place_from_source(name: &str, container: Option<&str>) -> Option<Place> {
    if container.is_some() {
        return Some(Place::Container);
    }
    let name = name.to_ascii_lowercase();
    let words = name.rsplit(['/', '\\', ' ']).next().unwrap_or_default();
    HOST_PROGRAMS.iter().any(|program| words.starts_with(program)).then_some(Place::Host)
}

/// What the form of a line says: a program's name, or how it writes its level.
pub(super) fn by_form(line: &[u8]) -> Option<Place> {
    let line = bare(line);
    let (program, message) = without_prefix(line).unzip();
    // A collector writes a prefix before the prefix.
    if let Some(message) = message.filter(|message| without_prefix(message).is_some()) {
        return by_form(message);
    }
    let message = message.unwrap_or_else(|| after_decoration(line));
    let head = text(message, 64);
    // Decoration that is skipped takes a bracket with it.
    let has = |levels: &[&str]| {
        levels.iter().any(|level| {
            head.contains(level) || level.get(1..).is_some_and(|rest| head.starts_with(rest))
        })
    };
    if has(&OF_MODULES) {
        return Some(Place::Container);
    }
    let program = program.map(|program| text(program, 64).to_lowercase());
    let of_host = program
        .as_ref()
        .is_some_and(|program| HOST_PROGRAMS.iter().any(|known| program.starts_with(known)));
    let begins = own_time(message) || !head.contains('[');
    if of_host || (begins && has(&OF_DAEMONS)) {
        return Some(Place::Host);
    }
    let program = program?;
    let is_id = program.len() == 12 && program.bytes().all(|byte| byte.is_ascii_hexdigit());
    (is_id || RUNTIME.contains(&program.as_str())).then_some(Place::Container)
}

/// What the words of a line say, where its form says nothing.
pub(super) fn by_words(line: &[u8], is_in_container: bool) -> Option<Place> {
    let has = |words: &[&str]| {
        words.iter().any(|word| memchr::memmem::find(line, word.as_bytes()).is_some())
    };
    if has(&WORDS_OF_THE_HOST) {
        return Some(Place::Host);
    }
    if has(&WORDS_OF_MODULES) {
        return Some(Place::Container);
    }
    // The engines' form, which programs in Go have in a container too.
    (!is_in_container && has(&["level=", "dial tcp"])).then_some(Place::Host)
}

/// Whether a container is a module of the user's: neither Edge Agent nor Edge Hub.
pub(super) fn is_a_users_module(container: &str) -> bool {
    !RUNTIME.contains(&container.to_ascii_lowercase().as_str())
}

fn text(bytes: &[u8], most: usize) -> String {
    String::from_utf8_lossy(bytes.get(..most).unwrap_or(bytes)).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_form_of_a_line_tells_its_writer() {
        for (line, place) in [
            (
                "Nov 14 15:42:48 gw dockerd[700]: time=\"2026-11-14T14:42:48Z\" level=error",
                Place::Host,
            ),
            ("2026-11-14T14:42:48Z [ERR!] - caused by: x", Place::Host),
            ("<3>2021-03-03T19:48:53Z [ERR!] - The daemon", Place::Host),
            ("<4> 2020-01-22 10:11:12.333 +00:00 [WRN] - Error", Place::Container),
            ("Nov 14 15:42:48 gw 3f2ac01b9d7e[700]: x", Place::Container),
            ("Nov 14 15:42:48 gw edgeAgent[700]: x", Place::Container),
            (
                "Nov 14 15:42:48 gw dockerd[700]: <4> 2020-01-22 10:11:12.3 +00:00 [WRN] - x",
                Place::Container,
            ),
        ] {
            assert_eq!(by_form(line.as_bytes()), Some(place), "{line}");
        }
        assert_eq!(by_form(b" ---> System.Net.Sockets.SocketException (11): x"), None);
    }

    #[test]
    fn the_words_tell_where_the_form_does_not() {
        for (line, place) in [
            (" ---> System.Net.Sockets.SocketException (11): x", Place::Container),
            ("\tcaused by: dial tcp: lookup x: no such host", Place::Host),
            ("Error response from daemon: Get \"https://x/v2/\": EOF", Place::Host),
        ] {
            assert_eq!(by_words(line.as_bytes(), false), Some(place), "{line}");
        }
        assert_eq!(by_words(b"level=error msg=\"dial tcp: x\"", true), None);
    }

    #[test]
    fn a_source_tells_by_its_name() {
        assert_eq!(place_from_source("journal of aziot-edged", None), Some(Place::Host));
        assert_eq!(place_from_source("bundle.zip/logs/docker.txt", None), Some(Place::Host));
        assert_eq!(place_from_source("container sensor", Some("sensor")), Some(Place::Container));
        assert_eq!(place_from_source("test.log", None), None);
    }
}

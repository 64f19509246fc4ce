//! A key on the command line, which every user of the device can read in the list of processes for as
//! long as it stands there. Of a device's connection string the host name alone is needed, so the
//! program starts itself anew without the key.

use std::env;
use std::ffi::{OsStr, OsString};

use edgeprobe_facts::mask::mask;

use super::output::print_error;
use super::problem::Problem;

/// Keys with which a connection string begins (Microsoft.Azure.Devices.Client).
const BEGINS: [&str; 4] = ["hostname=", "deviceid=", "sharedaccesskey", "gatewayhostname="];

/// Takes keys out of this process's command line, which other users can read. Returns where there are
/// none, or where the system cannot start a program in the place of another.
pub(super) fn hide_keys() {
    let given: Vec<OsString> = env::args_os().collect();
    let before = [OsString::new()].into_iter().chain(given.iter().cloned());
    let shown: Vec<OsString> =
        before.zip(&given).map(|(before, own)| without_key(&before, own)).collect();
    if shown == given {
        return;
    }
    let problem = Problem::new("the command line contains a key, which other users can read")
        .hint("give --hub the host name alone, or the connection string in EDGEPROBE_HUB");
    super::output::note(&problem.told("note"));
    if let Err(error) = edgeprobe_probes::tool::start_anew(shown) {
        print_error(&Problem::new(format!("cannot take the key out of the command line: {error}")));
    }
}

/// A connection string that is given for the hub, without its key; any other argument as it is.
fn without_key(before: &OsStr, argument: &OsString) -> OsString {
    let Some(text) = argument.to_str() else { return argument.clone() };
    let is_another_s = before.to_str().is_some_and(|it| it.starts_with("--") && it != "--hub");
    let value = match text.strip_prefix("--hub=") {
        Some(value) => value,
        None if is_another_s && !before.to_string_lossy().contains('=') => "",
        None => text,
    };
    let lower = value.trim_start().to_ascii_lowercase();
    let is_one = BEGINS.iter().any(|begin| lower.starts_with(begin));
    let has_a_key = lower.contains("sharedaccesskey=") || lower.contains("sharedaccesssignature");
    if is_one && has_a_key { mask(text).into_owned().into() } else { argument.clone() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_connection_string_the_key_goes_and_nothing_else() {
        let after = |before: &str, text: &str| {
            without_key(OsStr::new(before), &text.into()).into_string().unwrap()
        };
        let without = |text: &str| after("check", text);
        let whole = "HostName=h.azure-devices.net;DeviceId=d;SharedAccessKey=PLANTED=";
        let shown = "HostName=h.azure-devices.net;DeviceId=d;SharedAccessKey=…";
        assert_eq!(without(whole), shown);
        assert_eq!(without(&format!("--hub={whole}")), format!("--hub={shown}"));
        assert_eq!(after("--hub", whole), shown);
        assert_eq!(after("--timeout=1s", whole), shown);
        assert_eq!(after("--hostname", whole), whole);
        // Started anew, it finds nothing more to take out.
        assert_eq!(without(shown), shown);
        for other in [
            "h.azure-devices.net",
            "--proxy=http://u:p@h",
            "./SharedAccessKey=PLANTED.log",
            "check",
        ] {
            assert_eq!(without(other), other);
        }
    }
}

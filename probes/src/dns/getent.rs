//! The system's resolver, asked by the device's own `getent`.
//!
//! This program is static, and glibc's getaddrinfo(3) loads the modules that nsswitch.conf names
//! from shared libraries, which may be of another glibc's version and end the process. A process of
//! the device's own is safe, and gives what other programs of the device get.

use std::io;
use std::net::IpAddr;
use std::process::Stdio;

use tokio::io::AsyncReadExt;

use super::{MAX_NAME, in_order, same_name};
use crate::clean;
use crate::tool::{Program, Rights};

/// Three lines for each address come to less than this for any answer of DNS.
const MAX_OUTPUT: u64 = 64 * 1024;

/// What the system's resolver gives for a name.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct SystemAnswer {
    pub(super) addresses: Vec<IpAddr>,
    /// The name that the addresses belong to, when it is another.
    pub(super) canonical_name: Option<String>,
}

/// A program that answers as getent does.
#[derive(Clone, Debug)]
pub(super) struct Getent<'a> {
    pub(super) program: Program,
    /// What stands before the name.
    pub(super) arguments: &'a [&'a str],
}

impl Getent<'_> {
    /// The `getent` of this device.
    pub(super) fn of_device() -> Option<Self> {
        let program = Program::find("getent")?;
        // `ahosts` calls getaddrinfo(3) with AI_ADDRCONFIG, as most programs do: IPv6 addresses are
        // left out, even those of the hosts file, while the device has no IPv6 address but ::1 (a
        // link-local one is enough to have them). `-A` would turn that off, and older getents do
        // not know it.
        Some(Self { program, arguments: &["ahosts"] })
    }

    /// Asks for a name that does not begin with a hyphen; an empty answer is what the resolver's
    /// "no" and "I could not" look like.
    ///
    /// It is for the caller to lose patience: the process is killed when this is dropped.
    ///
    /// # Errors
    ///
    /// Fails when the program cannot be run, or does not end as getent ends.
    pub(super) async fn ask(self, name: &str) -> io::Result<SystemAnswer> {
        let arguments = [self.arguments, &[name]].concat();
        let mut child = self.program.start(&arguments, Stdio::null(), Rights::None)?;
        let mut output = Vec::new();
        if let Some(stdout) = child.stdout.take() {
            stdout.take(MAX_OUTPUT).read_to_end(&mut output).await?;
        }
        // The pipe is closed by now, so a program that writes without end is ended by that.
        let status = child.wait().await?;
        match status.code() {
            // 2 says that the name was not found; 1 that getent does not know the database.
            Some(0 | 2) => Ok(parse(&output, name)),
            _ => Err(io::Error::other(format!("getent ended with {status}"))),
        }
    }
}

/// Reads lines such as `20.49.110.2     STREAM gateway.azure.example`; the name stands in the first.
pub(super) fn parse(output: &[u8], name: &str) -> SystemAnswer {
    let text = String::from_utf8_lossy(output);
    let address = |line: &str| {
        let word = line.split_whitespace().next()?.split('%').next()?;
        Some(word.parse::<IpAddr>().ok()?.to_canonical())
    };
    let canonical_name = text
        .lines()
        .find(|line| address(line).is_some())
        .and_then(|line| line.split_whitespace().nth(2))
        .filter(|canonical| !same_name(canonical, name))
        .map(|canonical| clean::line(canonical, MAX_NAME));
    SystemAnswer { addresses: in_order(text.lines().filter_map(address)), canonical_name }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What a script in place of getent answers.
    async fn scripted(script: &str) -> io::Result<SystemAnswer> {
        Getent { program: Program::at("/bin/sh"), arguments: &["-c", script] }.ask("hub").await
    }

    #[test]
    fn each_address_is_kept_once_and_ipv4_first() {
        let output = b"2603:1030::1    STREAM gateway.azure.example\n\
            2603:1030::1    DGRAM  \n20.49.110.2     STREAM \n20.49.110.2     DGRAM  \n\
            fe80::1%eth0    STREAM \n::ffff:10.0.0.1 STREAM \n";
        let answer = parse(output, "hub.azure-devices.net");
        let addresses: Vec<String> = answer.addresses.iter().map(ToString::to_string).collect();
        assert_eq!(addresses, ["20.49.110.2", "10.0.0.1", "2603:1030::1", "fe80::1"]);
        assert_eq!(answer.canonical_name.as_deref(), Some("gateway.azure.example"));
    }

    #[test]
    fn the_name_itself_is_no_canonical_name() {
        let answer = parse(b"10.0.0.1 STREAM HUB.example\n", "hub.example.");
        assert_eq!(answer.canonical_name, None);
    }

    #[test]
    fn what_is_no_line_of_getent_is_skipped() {
        let answer = parse(b"Usage: getent database\n\xff\xfe\n\n300.1.1.1 STREAM x\n", "hub");
        assert_eq!(answer, SystemAnswer::default());
    }

    #[tokio::test]
    async fn a_name_that_is_not_found_is_an_empty_answer() {
        let answer = scripted("exit 2").await.unwrap();
        assert_eq!(answer, SystemAnswer::default());
    }

    #[tokio::test]
    async fn a_program_that_is_no_getent_is_an_error() {
        assert!(scripted("exit 1").await.is_err());
        assert!(scripted("kill -9 $$").await.is_err());
        let none = Getent { program: Program::at("/nonexistent"), arguments: &[] };
        assert!(none.ask("hub").await.is_err());
    }

    #[tokio::test]
    async fn output_without_end_is_cut() {
        let endless = "while :; do echo '10.0.0.1 STREAM hub'; done";
        // The closed pipe ends the shell with a signal, which is not how getent ends.
        assert!(scripted(endless).await.is_err());
    }

    #[tokio::test]
    async fn the_environment_is_not_handed_on() {
        let script =
            r#"test -z "$CARGO_MANIFEST_DIR" && test "$LC_ALL" = C && echo 10.0.0.1 STREAM hub"#;
        let answer = scripted(script).await.unwrap();
        assert_eq!(answer.addresses.len(), 1);
    }

    proptest! {
        #[test]
        fn no_output_makes_it_fail(output: Vec<u8>, name: String) {
            parse(&output, &name);
        }
    }
}

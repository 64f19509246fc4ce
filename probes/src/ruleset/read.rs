//! The device's own tools, asked for all rules.

use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use tokio::io::AsyncReadExt;
use tokio::process::Command;

use super::combine::{Listings, combine};
use super::{Ruleset, Tool, iptables, nft};
use crate::clean;

/// Where systems keep them; a user's own search path may leave these out.
const DIRECTORIES: [&str; 5] = ["/usr/sbin", "/sbin", "/usr/local/sbin", "/usr/bin", "/bin"];

/// The longest listing, in bytes: tens of thousands of rules.
const MAX_OUTPUT: u64 = 8 * 1024 * 1024;

/// The most of what a tool complains about, in bytes.
const MAX_COMPLAINT: u64 = 4096;

/// The names of the older iptables' tables that the kernel holds, in the asking thread's network
/// namespace.
const LEGACY_TABLES: &str = "/proc/thread-self/net/ip_tables_names";

/// The rules cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum RulesetError {
    /// The device has none of the tools, so nothing that they could list is likely there either.
    #[error(
        "cannot read the firewall's rules: neither nft nor iptables-save is installed\n\
         hint: install nftables or iptables to have the rule named that drops a packet"
    )]
    NoTool,
    /// The program is there and does not start.
    #[error("cannot run {program}: {source}")]
    NotRun { program: &'static str, source: io::Error },
    /// The tool says no, most often because it may not.
    #[error("{program} cannot list the rules: {detail}\nhint: run as root")]
    Failed { program: &'static str, detail: String },
    /// The tool did not end in time.
    #[error("{program} did not list the rules within {:.1} s", limit.as_secs_f64())]
    TimedOut { program: &'static str, limit: Duration },
    /// More rules than are worth reading.
    #[error("{program} lists more than {} MiB of rules", MAX_OUTPUT / 1024 / 1024)]
    TooLong { program: &'static str },
    /// The listing is not of the shape that the tool's documentation gives.
    #[error("cannot understand what nft lists: {0}")]
    NotUnderstood(#[from] serde_json::Error),
}

/// Reads all rules that IPv4 packets meet in the calling thread's network namespace, within `limit`.
///
/// Needs root: what a file's capabilities give to this process, its tools do not get. Nothing is
/// changed, and no table is loaded by asking for it. Fails when no tool lists anything; tools that
/// fail beside others are in [`Ruleset::unread`].
pub async fn read(limit: Duration) -> Result<Ruleset, RulesetError> {
    let are_legacy_tables_loaded = are_legacy_tables_loaded();
    let legacy = async {
        // Asking would load them.
        if !are_legacy_tables_loaded {
            return Ok(None);
        }
        list("iptables-legacy-save", &["-c"], limit).await
    };
    let (document, text, iptables, legacy) = tokio::join!(
        list("nft", &["-j", "list", "ruleset"], limit),
        list("nft", &["-a", "list", "ruleset"], limit),
        list("iptables-save", &["-c"], limit),
        legacy,
    );
    // Without its text a rule is shown as JSON.
    let text = text.ok().flatten().map(|listed| listed.text).unwrap_or_default();
    let nft = document
        .and_then(|listed| Ok(listed.map(|listed| nft::parse(&listed.text, &text)).transpose()?));
    let parse = |tool| {
        move |listed: Listed| {
            let mut listing = iptables::parse(tool, &listed.text);
            listing.of_nf_tables |= listed.is_of_nf_tables();
            listing
        }
    };
    combine(Listings {
        nft,
        iptables: iptables.map(|listed| listed.map(parse(Tool::Iptables))),
        legacy: legacy.map(|listed| listed.map(parse(Tool::IptablesLegacy))),
        are_legacy_tables_loaded,
    })
}

/// What a tool printed.
struct Listed {
    text: String,
    program: PathBuf,
}

impl Listed {
    /// Whether the program keeps its rules in nft's tables. Its releases before 1.8.8 do not say so
    /// in what they print; but they all are one program under many names, `xtables-nft-multi`.
    fn is_of_nf_tables(&self) -> bool {
        let program = self.program.canonicalize().ok();
        let name = program.as_deref().and_then(Path::file_name);
        name.is_some_and(|name| name.to_string_lossy().contains("nft"))
    }
}

/// Runs the program; nothing where it is not installed.
async fn list(
    program: &'static str,
    arguments: &[&str],
    limit: Duration,
) -> Result<Option<Listed>, RulesetError> {
    let Some(path) = find(program) else { return Ok(None) };
    let listing = run(program, &path, arguments);
    let text = tokio::time::timeout(limit, listing)
        .await
        .map_err(|_| RulesetError::TimedOut { program, limit })??;
    Ok(Some(Listed { text, program: path }))
}

async fn run(
    program: &'static str,
    path: &Path,
    arguments: &[&str],
) -> Result<String, RulesetError> {
    let not_run = |source| RulesetError::NotRun { program, source };
    let mut child = Command::new(path)
        .args(arguments)
        .env_clear()
        .env("LC_ALL", "C")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .map_err(not_run)?;
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    let output = bounded(stdout, MAX_OUTPUT + 1);
    let complaint = bounded(stderr, MAX_COMPLAINT);
    let (output, complaint) = tokio::try_join!(output, complaint).map_err(not_run)?;
    if output.len() as u64 > MAX_OUTPUT {
        return Err(RulesetError::TooLong { program });
    }
    // Both pipes are closed by now, so a program that writes on is ended by that.
    let status = child.wait().await.map_err(not_run)?;
    if !status.success() {
        let detail = match clean::bytes(&complaint, 200) {
            silent if silent.is_empty() => status.to_string(),
            complaint => complaint,
        };
        return Err(RulesetError::Failed { program, detail });
    }
    Ok(String::from_utf8_lossy(&output).into_owned())
}

async fn bounded(
    pipe: Option<impl tokio::io::AsyncRead + Unpin>,
    limit: u64,
) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    if let Some(pipe) = pipe {
        pipe.take(limit).read_to_end(&mut bytes).await?;
    }
    Ok(bytes)
}

fn find(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let own = std::env::split_paths(&path).filter(|directory| directory.is_absolute());
    let directories = DIRECTORIES.iter().map(PathBuf::from).chain(own);
    directories.map(|directory| directory.join(program)).find(|path| path.is_file())
}

fn are_legacy_tables_loaded() -> bool {
    let mut names = [0; 1];
    std::fs::File::open(LEGACY_TABLES)
        .and_then(|mut file| file.read(&mut names))
        .is_ok_and(|length| length > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn scripted(script: &str) -> Result<String, RulesetError> {
        run("sh", Path::new("/bin/sh"), &["-c", script]).await
    }

    #[tokio::test]
    async fn a_tool_that_may_not_says_so() {
        let error = scripted("echo 'you must\x1b[31m be root' >&2; exit 4").await.unwrap_err();
        assert!(matches!(error, RulesetError::Failed { .. }));
        assert_eq!(
            error.to_string(),
            "sh cannot list the rules: you must [31m be root\nhint: run as root"
        );
    }

    #[tokio::test]
    async fn output_without_end_is_an_error() {
        let error = scripted("yes '[0:0] -A FORWARD -j DROP'").await.unwrap_err();
        assert!(matches!(error, RulesetError::TooLong { .. }), "{error}");
        let complaints = scripted("yes no >&2; exit 1").await.unwrap_err();
        assert!(complaints.to_string().len() < 300, "{complaints}");
    }

    #[tokio::test]
    async fn a_tool_that_is_absent_is_no_error() {
        let absent = list("edgeprobe-no-such-tool", &[], Duration::from_secs(1)).await.unwrap();
        assert!(absent.is_none());
    }

    #[tokio::test]
    async fn the_environment_is_not_handed_on() {
        let script = r#"test -z "$CARGO_MANIFEST_DIR" && test "$LC_ALL" = C && echo clean"#;
        assert_eq!(scripted(script).await.unwrap(), "clean\n");
    }
}

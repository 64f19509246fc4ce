//! The device's own tools, asked for all rules.

use std::io::{self, Read};
use std::path::Path;
use std::time::Duration;

use super::combine::{Listings, combine};
use super::{Ruleset, Tool, Unread, iptables, nft};
use crate::tool::{self, Listed, MAX_OUTPUT, ToolError};

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

impl RulesetError {
    /// The same in one word.
    pub fn why(&self) -> Unread {
        match self {
            Self::NoTool => Unread::NoTool,
            Self::TooLong { .. } => Unread::TooMany,
            Self::TimedOut { .. } => Unread::TooSlow,
            Self::NotRun { .. } | Self::Failed { .. } | Self::NotUnderstood(_) => Unread::Failed,
        }
    }
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
            listing.of_nf_tables |= is_of_nf_tables(&listed);
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

/// Whether the program keeps its rules in nft's tables. Its releases before 1.8.8 do not say so
/// in what they print; but they all are one program under many names, `xtables-nft-multi`.
fn is_of_nf_tables(listed: &Listed) -> bool {
    let program = listed.program.canonicalize().ok();
    let name = program.as_deref().and_then(Path::file_name);
    name.is_some_and(|name| name.to_string_lossy().contains("nft"))
}

async fn list(
    program: &'static str,
    arguments: &[&str],
    limit: Duration,
) -> Result<Option<Listed>, RulesetError> {
    Ok(tool::list(program, arguments, limit).await?)
}

impl From<ToolError> for RulesetError {
    fn from(error: ToolError) -> Self {
        match error {
            ToolError::NotRun { program, source } => Self::NotRun { program, source },
            ToolError::Failed { program, detail } => Self::Failed { program, detail },
            ToolError::TimedOut { program, limit } => Self::TimedOut { program, limit },
            ToolError::TooLong { program } => Self::TooLong { program },
        }
    }
}

/// Whether the kernel holds tables of the older iptables; asking that one's tool would load them.
pub fn are_legacy_tables_loaded() -> bool {
    let mut names = [0; 1];
    std::fs::File::open(LEGACY_TABLES)
        .and_then(|mut file| file.read(&mut names))
        .is_ok_and(|length| length > 0)
}

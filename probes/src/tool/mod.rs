//! The device's own programs, asked for what they list: bounded in time and size, in plain English,
//! and without this program's environment.

mod find;
mod start;

use std::io;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt};

pub(crate) use start::Rights;
#[cfg(target_os = "linux")]
pub(crate) use start::start_this_program;
pub use start::{ENDS_WITH, Program, run_until_the_end_of, start_anew};

use crate::clean;

/// The longest listing, in bytes: tens of thousands of rules.
pub(crate) const MAX_OUTPUT: u64 = 8 * 1024 * 1024;

/// The most of what a tool complains about, in bytes.
const MAX_COMPLAINT: u64 = 4096;

/// A program lists nothing.
#[derive(Debug, thiserror::Error)]
pub enum ToolError {
    /// The program is there and does not start.
    #[error("cannot run {program}: {source}")]
    NotRun { program: &'static str, source: io::Error },
    /// It says no, most often because it may not.
    #[error("{program} says: {detail}")]
    Failed { program: &'static str, detail: String },
    /// It did not end in time.
    #[error("{program} did not answer within {:.1} s", limit.as_secs_f64())]
    TimedOut { program: &'static str, limit: Duration },
    /// It prints more than is worth reading.
    #[error("{program} lists more than {} MiB", MAX_OUTPUT / 1024 / 1024)]
    TooLong { program: &'static str },
}

/// What a program printed.
#[derive(Clone, Debug)]
pub struct Listed {
    pub text: String,
    /// The program that was run.
    pub program: PathBuf,
}

/// Runs the program; nothing where it is not installed.
pub async fn list(
    program: &'static str,
    arguments: &[&str],
    limit: Duration,
) -> Result<Option<Listed>, ToolError> {
    let Some(found) = Program::find(program) else { return Ok(None) };
    let listing = run(program, &found, arguments);
    let text = tokio::time::timeout(limit, listing)
        .await
        .map_err(|_| ToolError::TimedOut { program, limit })??;
    Ok(Some(Listed { text, program: found.into_path() }))
}

async fn run(
    program: &'static str,
    found: &Program,
    arguments: &[&str],
) -> Result<String, ToolError> {
    let not_run = |source| ToolError::NotRun { program, source };
    let started = found.start(arguments, Stdio::piped(), Rights::Own);
    let mut child = started.map_err(not_run)?;
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    let output = bounded(stdout, MAX_OUTPUT + 1);
    let complaint = bounded(stderr, MAX_COMPLAINT);
    let (output, complaint) = tokio::try_join!(output, complaint).map_err(not_run)?;
    if output.len() as u64 > MAX_OUTPUT {
        return Err(ToolError::TooLong { program });
    }
    // Both pipes are closed by now, so a program that writes on is ended by that.
    let status = child.wait().await.map_err(not_run)?;
    if !status.success() {
        let detail = match clean::bytes(&complaint, 200) {
            silent if silent.is_empty() => status.to_string(),
            complaint => complaint,
        };
        return Err(ToolError::Failed { program, detail });
    }
    Ok(String::from_utf8_lossy(&output).into_owned())
}

async fn bounded(pipe: Option<impl AsyncRead + Unpin>, limit: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    if let Some(pipe) = pipe {
        pipe.take(limit).read_to_end(&mut bytes).await?;
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn scripted(script: &str) -> Result<String, ToolError> {
        run("sh", &Program::at("/bin/sh"), &["-c", script]).await
    }

    #[tokio::test]
    async fn a_tool_that_may_not_says_so() {
        let error = scripted("echo 'you must\x1b[31m be root' >&2; exit 4").await.unwrap_err();
        assert_eq!(error.to_string(), "sh says: you must [31m be root");
    }

    #[tokio::test]
    async fn output_without_end_is_an_error() {
        let error = scripted("yes '[0:0] -A FORWARD -j DROP'").await.unwrap_err();
        assert!(matches!(error, ToolError::TooLong { .. }), "{error}");
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
        let names = "env | sed -E '/^(PWD|SHLVL|_)=/d' | sort";
        assert_eq!(
            scripted(names).await.unwrap(),
            "LC_ALL=C\nPATH=/usr/sbin:/usr/bin:/sbin:/bin\n"
        );
    }
}

//! Diagnostics for developers on standard error, and what is said of a defect: both without secrets.

use std::backtrace::{Backtrace, BacktraceStatus};
use std::io::{self, Write};
use std::panic::{self, PanicHookInfo};
use std::thread;

use edgeprobe_facts::mask;
use tracing_subscriber::EnvFilter;

use super::output::note;

/// The variable that asks for diagnostics.
const VARIABLE: &str = "EDGEPROBE_LOG";

/// Starts diagnostics where they are asked for.
pub(super) fn start() {
    panic::set_hook(Box::new(|defect| note(&told(defect, &Backtrace::capture()))));
    let Ok(filter) = EnvFilter::try_from_env(VARIABLE) else { return };
    // Libraries know no secrets from other texts.
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(|| Masked(io::stderr())).init();
}

/// What a panic says, as Rust itself says it.
fn told(defect: &PanicHookInfo<'_>, backtrace: &Backtrace) -> String {
    let name = thread::current().name().unwrap_or("<unnamed>").to_owned();
    let place = defect.location().map(|place| format!(" at {place}")).unwrap_or_default();
    let said = defect.payload_as_str().unwrap_or("it says nothing");
    let said = mask::text(said).text;
    match backtrace.status() {
        BacktraceStatus::Captured => {
            format!("thread '{name}' panicked{place}:\n{said}\n{backtrace}")
        }
        _ => format!("thread '{name}' panicked{place}:\n{said}"),
    }
}

/// Writes without secrets what comes whole, event by event.
struct Masked<W>(W);

impl<W: Write> Write for Masked<W> {
    fn write(&mut self, event: &[u8]) -> io::Result<usize> {
        let masked = mask::text(&String::from_utf8_lossy(event)).text;
        self.0.write_all(masked.as_bytes())?;
        Ok(event.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    #[test]
    fn an_event_is_written_without_its_secret() {
        let mut written = Vec::new();
        let event =
            b"\x1b[2m2026\x1b[0m DEBUG got \x1b[3mpassword\x1b[0m\x1b[2m=\x1b[0m\"PLANTED\" x=1\n";
        Masked(&mut written).write_all(event).unwrap();
        let text = String::from_utf8(written).unwrap();
        assert!(!text.contains("PLANTED") && text.ends_with("x=1\n"), "{text}");
    }

    #[test]
    fn a_defect_is_told_without_a_secret() {
        let said = Arc::new(Mutex::new(String::new()));
        let heard = Arc::clone(&said);
        let others = panic::take_hook();
        panic::set_hook(Box::new(move |defect| {
            *heard.lock().unwrap() += &told(defect, &Backtrace::disabled());
        }));
        let key = "SharedAccessKey=PLANTED";
        let _ = panic::catch_unwind(|| panic!("cannot take `HostName=h;{key}`"));
        panic::set_hook(others);
        let said = said.lock().unwrap().clone();
        assert!(
            said.contains("HostName=h;SharedAccessKey=…") && said.contains("diagnostics.rs"),
            "{said}"
        );
        assert!(!said.contains("PLANTED"), "{said}");
    }
}

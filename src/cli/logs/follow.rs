//! Follows logs: one thread for each input; new findings are printed as they come.

use std::collections::BTreeMap;
use std::io;
use std::ops::ControlFlow;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread;

use super::collect::Collected;
use super::{Form, Problem, nothing_here, now, rendered};
use crate::cli::output::{note, print};
use crate::language::{Language, Text};
use crate::logs::{LogReport, Signatures, State, judge};
use crate::report::human;
use crate::sources::{How, Input, Log, Piece, SourceError};

/// Pieces that wait to be taken, of all inputs together.
const WAITING: usize = 8;

/// What the threads send.
enum News {
    Begins(usize, Log),
    Bytes(usize, Vec<u8>),
    Note(usize, Text),
    Ended(Result<(), SourceError>),
    Interrupted,
}

/// Follows until every input has ended or a person ends it. The exit code is the last verdict's.
pub(super) fn run(
    signatures: &Signatures,
    inputs: &[Input],
    chosen: bool,
    how: &How,
    form: Form,
    language: Language,
) -> Result<u8, Problem> {
    let (sender, news) = sync_channel(WAITING);
    for (index, input) in inputs.iter().enumerate() {
        read(index, input.clone(), how.clone(), sender.clone())
            .map_err(|error| no_thread(&error))?;
    }
    interrupt(sender).map_err(|error| no_thread(&error))?;
    let mut logs: Vec<Collected<'_>> =
        inputs.iter().map(|_| Collected::new(signatures, how.since, now(), language)).collect();
    let mut told = Told::default();
    let mut open = inputs.len();
    let mut readable = 0;
    while open > 0 {
        let Ok(next) = news.recv() else { break };
        match next {
            News::Interrupted => break,
            News::Ended(Ok(())) => {
                open -= 1;
                readable += 1;
            }
            News::Ended(Err(error)) => {
                open -= 1;
                if chosen {
                    how.stop.store(true, Ordering::Relaxed);
                    return Err(Problem::from(error));
                }
                note(&Problem::from(error).to_string());
            }
            News::Begins(index, log) => take(&mut logs, index, Piece::Begins(log)),
            News::Note(index, text) => take(&mut logs, index, Piece::Note(text)),
            News::Bytes(index, bytes) => {
                let before = logs.get(index).map(Collected::hits);
                take(&mut logs, index, Piece::Bytes(&bytes));
                if logs.get(index).map(Collected::hits) != before {
                    told.tell(&so_far(&logs, language), form, language)?;
                }
            }
        }
    }
    how.stop.store(true, Ordering::Relaxed);
    // What is still in the channel is not waited for.
    drop(news);
    let report = judge(logs.into_iter().flat_map(Collected::end).collect(), language);
    if report.sources.iter().all(|source| source.lines == 0) && readable == 0 && !chosen {
        return Err(nothing_here());
    }
    told.tell(&report, form, language)?;
    if form == Form::Human {
        print(&format!("\n{}", rendered(&report, form, language)?))?;
    }
    Ok(report.verdict.status.exit_code())
}

fn take(logs: &mut [Collected<'_>], index: usize, piece: Piece<'_>) {
    if let Some(log) = logs.get_mut(index) {
        let _ = log.take(piece);
    }
}

fn so_far(logs: &[Collected<'_>], language: Language) -> LogReport {
    judge(logs.iter().flat_map(Collected::so_far).collect(), language)
}

fn no_thread(error: &io::Error) -> Problem {
    Problem::new(format!("cannot start reading the logs: {error}"))
        .hint("allow more threads (`ulimit -u`), or read them without --follow")
}

fn read(index: usize, input: Input, how: How, sender: SyncSender<News>) -> io::Result<()> {
    let reading = move || {
        let result = input.read(&how, &mut |piece| {
            let news = match piece {
                Piece::Begins(log) => News::Begins(index, log),
                Piece::Bytes(bytes) => News::Bytes(index, bytes.to_vec()),
                Piece::Note(text) => News::Note(index, text),
            };
            if sender.send(news).is_err() {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            }
        });
        let _ = sender.send(News::Ended(result));
    };
    thread::Builder::new().name("reader".to_owned()).spawn(reading).map(drop)
}

/// Sends word when a person ends it.
fn interrupt(sender: SyncSender<News>) -> io::Result<()> {
    let waiting = move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        if runtime.is_ok_and(|runtime| runtime.block_on(tokio::signal::ctrl_c()).is_ok()) {
            let _ = sender.send(News::Interrupted);
        }
    };
    thread::Builder::new().name("interrupt".to_owned()).spawn(waiting).map(drop)
}

/// What was printed, so that it is not printed again.
#[derive(Default)]
struct Told {
    states: BTreeMap<(String, String, String), State>,
    any: bool,
}

impl Told {
    fn tell(&mut self, report: &LogReport, form: Form, language: Language) -> Result<(), Problem> {
        let mut changed = !self.any && form == Form::Json;
        for finding in &report.findings {
            let words = serde_json::to_string(&key_words(finding)).unwrap_or_default();
            let key = (finding.source.clone(), finding.signature.clone(), words);
            if self.states.insert(key, finding.state) != Some(finding.state) {
                changed = true;
                if form == Form::Human {
                    print(&human::logs::news(finding, language))?;
                }
            }
        }
        if changed && form == Form::Json {
            self.any = true;
            let line = serde_json::to_string(report).map_err(|error| {
                Problem::new(format!("cannot write the result as JSON: {error}"))
            })?;
            print(&(line + "\n"))?;
        }
        Ok(())
    }
}

/// The details that tell findings apart; those of attempts grow as they go on.
fn key_words(finding: &crate::logs::Finding) -> serde_json::Map<String, serde_json::Value> {
    let grows =
        |name: &str| matches!(name, "failed_attempts" | "attempt_ms" | "life" | "via" | "client");
    let details = finding.details.iter().filter(|(name, _)| !grows(name));
    details.map(|(name, value)| (name.clone(), value.clone())).collect()
}

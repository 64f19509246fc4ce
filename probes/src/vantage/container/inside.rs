//! The inside of a helper container: answers questions until its input ends.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::wire::{Answer, LONGEST_IN, LineReader, NumberedQuestion, SetUp, parse, write_line};
use crate::endpoint::TrustStores;
use crate::recorder::Timeline;

/// How long the first line may take to come.
const PATIENCE: Duration = Duration::from_secs(20);

/// How long answers may take beyond the run's deadline to be written.
const GRACE: Duration = Duration::from_secs(1);

/// Says that it is there, reads what it is to know and then questions, a line each, and writes an
/// answer to each, in the order in which they come.
///
/// Ends with its input, which ends with whoever asks, and a second after the run's deadline at the
/// latest.
pub async fn answer(
    input: impl AsyncRead + Unpin,
    mut output: impl AsyncWrite + Unpin,
) -> io::Result<()> {
    let mut lines = LineReader::new(input, LONGEST_IN);
    write_line(&mut output, &Answer::Ready).await?;
    let Some(first) = timeout(PATIENCE, lines.next()).await?? else { return Ok(()) };
    let SetUp { vantage, elapsed_ms, limit_ms, roots } = parse(&first)?;
    let timeline = Timeline::resume(elapsed_ms, limit_ms);
    let trust = TrustStores::from_roots(&roots).for_a_run(timeline.limit());
    let vantage = Arc::new(vantage);

    let mut under_way: JoinSet<Answer> = JoinSet::new();
    let end = tokio::time::sleep(timeline.remaining() + GRACE);
    tokio::pin!(end);
    loop {
        tokio::select! {
            () = &mut end => return Ok(()),
            line = lines.next() => {
                let Some(line) = line? else { return Ok(()) };
                let NumberedQuestion { number, question } = parse(&line)?;
                let (vantage, trust) = (Arc::clone(&vantage), trust.clone());
                under_way.spawn(async move {
                    let observation = question.ask(timeline, &vantage, &trust).await;
                    Answer::Answered { number, observation: Box::new(observation) }
                });
            }
            Some(answered) = under_way.join_next() => {
                if let Ok(answer) = answered {
                    write_line(&mut output, &answer).await?;
                }
            }
        }
    }
}

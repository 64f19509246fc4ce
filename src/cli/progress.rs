//! What a person sees while a run goes on: one line on a terminal, which leaves nothing behind.

use std::io::IsTerminal;
use std::thread;
use std::time::Duration;

use edgeprobe_facts::clean;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::run::Event;

/// The line on standard error, or nothing where that is no terminal.
pub(super) struct Progress {
    bar: ProgressBar,
    asked: u64,
}

impl Progress {
    pub(super) fn start(quiet: bool) -> Self {
        let visible = !quiet && std::io::stderr().is_terminal();
        let target =
            if visible { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        let bar = ProgressBar::with_draw_target(Some(0), target);
        if let Ok(style) =
            ProgressStyle::with_template("{spinner} {pos} of {len} answered  {wide_msg}")
        {
            bar.set_style(style);
        }
        // It ticks on a separate thread, which a sandbox may deny.
        if visible && thread::Builder::new().spawn(|| {}).is_ok() {
            bar.enable_steady_tick(Duration::from_millis(100));
        }
        Self { bar, asked: 0 }
    }

    pub(super) fn show(&mut self, event: &Event<'_>) {
        match event {
            Event::Asked => {
                self.asked += 1;
                self.bar.set_length(self.asked);
            }
            Event::Answered(observation) => {
                self.bar.inc(1);
                self.bar.set_message(clean::line(&observation.target, 50));
            }
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

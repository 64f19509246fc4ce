//! The table of confusion: what was injected beside what was named. docs/accuracy.md keeps it.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use edgeprobe::verdict::{CauseId, Confidence};

use crate::added::BETTERS;
use crate::exceptions::{EXCEPTIONS, UNEXPLAINED, UNSEEN, sees_all};
use crate::renew::assert_up_to_date;
use crate::sample::{Examined, PAIRS, SINGLES, TRIPLES};
use crate::setting::Setting;

const DOCUMENT: &str = "docs/accuracy.md";
const HEAD: &str = include_str!("accuracy.md.head");
/// What the lab said of its faults, measured by `scripts/bench accuracy` as root.
const LAB: &str = include_str!("accuracy.md.lab");

/// What became of one kind of case, by the number of its cases.
#[derive(Default)]
struct Count {
    tried: usize,
    /// An injected cause comes first.
    named: usize,
    /// Another cause comes first, which the exceptions allow.
    as_another: BTreeMap<CauseId, usize>,
    /// No cause is named: the fault does no harm there, or the user may not see it.
    nothing: usize,
    likely: usize,
    /// With every privilege: the cases, and those whose status is the truth.
    seen: usize,
    right: usize,
}

impl Count {
    fn add(&mut self, Examined { case, verdict, truth, .. }: &Examined) {
        self.tried += 1;
        match verdict.causes.first() {
            None => self.nothing += 1,
            Some(first) if case.faults.iter().any(|fault| fault.cause == first.id) => {
                self.named += 1;
                self.likely += usize::from(first.confidence == Confidence::Likely);
            }
            Some(first) => *self.as_another.entry(first.id).or_default() += 1,
        }
        if sees_all(&case.setting) {
            self.seen += 1;
            self.right += usize::from(verdict.status == *truth);
        }
    }

    fn row(&self) -> String {
        let others = self.as_another.iter().map(|(id, count)| format!("{count} {id}"));
        let others = others.collect::<Vec<_>>().join(", ");
        format!(
            "{} | {} ({} likely) | {} | {} | {} of {} |",
            self.tried, self.named, self.likely, others, self.nothing, self.right, self.seen
        )
    }
}

#[test]
fn the_table_in_the_documents_is_up_to_date() {
    assert_up_to_date("accuracy", &[(DOCUMENT, document())]);
}

fn document() -> String {
    let mut text = HEAD.to_owned();
    let settings = Setting::all().len();
    let _ = write!(
        text,
        "\n## No fault\n\n{settings} devices, all of them judged healthy, with no cause and nothing \
         unexplained.\n\n## One fault\n\n| fault | cause | tried | named first | as another | \
         nothing | status, seen by root |\n|---|---|---|---|---|---|---|\n"
    );
    let mut rows: Vec<(String, Count)> = Vec::new();
    for examined in SINGLES.iter() {
        let fault = examined.case.faults[0];
        let key = format!("| {} | {} |", fault.name, fault.cause);
        if rows.last().is_none_or(|(known, _)| *known != key) {
            rows.push((key, Count::default()));
        }
        rows.last_mut().unwrap().1.add(examined);
    }
    for (key, count) in rows {
        let _ = writeln!(text, "{key} {}", count.row());
    }
    text.push_str(
        "\n## Several faults\n\n| faults | tried | one of them first | as another | nothing | \
         status, seen by root |\n|---|---|---|---|---|---|\n",
    );
    for (name, all) in [("two", &PAIRS), ("three", &TRIPLES)] {
        let mut count = Count::default();
        all.iter().for_each(|examined| count.add(examined));
        let _ = writeln!(text, "| {name} | {}", count.row());
    }
    exceptions(&mut text);
    text.push_str(LAB);
    text
}

/// The exceptions, which are data of the tests.
fn exceptions(text: &mut String) {
    text.push_str(
        "\n## Where another cause may be named\n\n| fault | named | why |\n|---|---|---|\n",
    );
    for exception in EXCEPTIONS {
        let faults = if exception.faults.is_empty() {
            "several".to_owned()
        } else {
            exception.faults.join(", ")
        };
        let _ = writeln!(text, "| {faults} | {} | {} |", exception.named, exception.why);
    }
    text.push_str("\n## Where a fault more may look better\n\n");
    for better in BETTERS {
        let _ = writeln!(text, "* {}.", better.why);
    }
    text.push_str("\n## What a run cannot see\n\n");
    for hidden in UNEXPLAINED.iter().chain(UNSEEN) {
        let _ = writeln!(text, "* {}.", hidden.why);
    }
}

//! The program under test, and what its demo says of every fault.

use std::collections::BTreeMap;
use std::sync::{Mutex, OnceLock};
use std::time::Duration;

use assert_cmd::Command;
use serde_json::Value;

pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_edgeprobe");

/// Longer than any run here may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// Runs under way at once: few enough that a peer on a busy machine is not taken for a silent one.
const AT_ONCE: usize = 4;

/// What one run left behind.
#[derive(Clone, Debug)]
pub(crate) struct Outcome {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Outcome {
    pub(crate) fn from_command(command: &mut Command) -> Self {
        let output = command.timeout(PATIENCE).output().unwrap();
        Self {
            code: output.status.code().unwrap_or_else(|| panic!("ended by a signal: {output:?}")),
            stdout: String::from_utf8(output.stdout).expect("the output is UTF-8"),
            stderr: String::from_utf8(output.stderr).expect("the diagnostics are UTF-8"),
        }
    }

    /// Standard output as one JSON document.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.stdout)
            .unwrap_or_else(|error| panic!("no JSON document: {error}\n{}", self.stdout))
    }

    /// Standard output as lines of JSON.
    pub(crate) fn json_lines(&self) -> Vec<Value> {
        self.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

/// The program in an empty environment, so that the tester's own decides nothing.
pub(crate) fn edgeprobe() -> Command {
    let mut command = Command::new(PROGRAM);
    command.env_clear();
    command
}

/// Runs the program with these arguments to its end.
pub(crate) fn run(arguments: &[&str]) -> Outcome {
    Outcome::from_command(edgeprobe().args(arguments))
}

/// The faults that the demo can produce, as it lists them.
pub(crate) fn faults() -> Vec<String> {
    let list = run(&["demo", "--list"]).stdout;
    let first_words = list.lines().filter(|line| !line.starts_with(' '));
    first_words.filter_map(|line| line.split(' ').next()).map(str::to_owned).collect()
}

/// The demo of a fault, or the healthy one, in a format. Each is run once and shared by the tests.
pub(crate) fn demo(fault: Option<&str>, format: &str) -> &'static Outcome {
    &demos()[&(fault.map(str::to_owned), format.to_owned())]
}

/// Every demo in every format: fault, format, outcome.
pub(crate) fn demos() -> &'static BTreeMap<(Option<String>, String), Outcome> {
    static DEMOS: OnceLock<BTreeMap<(Option<String>, String), Outcome>> = OnceLock::new();
    DEMOS.get_or_init(|| {
        let subjects = faults().into_iter().map(Some).chain([None]);
        let wanted: Vec<(Option<String>, String)> = subjects
            .flat_map(|fault| {
                ["human", "json", "ndjson"].map(|format| (fault.clone(), format.to_owned()))
            })
            .collect();
        concurrently(wanted, |(fault, format)| {
            let mut arguments = vec!["demo", "--format", format];
            if let Some(fault) = fault {
                arguments.extend(["--fault", fault]);
            }
            run(&arguments)
        })
    })
}

/// What `work` makes of each item, a few at a time.
pub(crate) fn concurrently<K: Ord + Send, V: Send>(
    items: Vec<K>,
    work: impl Fn(&K) -> V + Sync,
) -> BTreeMap<K, V> {
    let queue = Mutex::new(items);
    let done = Mutex::new(BTreeMap::new());
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                loop {
                    let Some(item) = queue.lock().unwrap().pop() else { break };
                    let result = work(&item);
                    done.lock().unwrap().insert(item, result);
                }
            });
        }
    });
    done.into_inner().unwrap()
}

//! Holds the house to its plan: arrows between the program's modules run one way, and what judges
//! and tells does so without waiting.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that panics has found something"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// What each module of src/ may use of the others. The order is from the ground up.
const ARROWS: [(&str, &[&str]); 14] = [
    ("changes", &[]),
    ("demo", &[]),
    ("files", &[]),
    ("language", &[]),
    ("verdict", &["language"]),
    ("plan", &["verdict"]),
    ("run", &["plan"]),
    ("sources", &["language"]),
    ("logs", &["language", "verdict"]),
    ("report", &["language", "logs", "plan", "verdict"]),
    ("bundle", &["language", "report", "verdict"]),
    ("schedule", &["language", "report", "verdict"]),
    ("collect", &["bundle", "sources"]),
    (
        "cli",
        &[
            "bundle", "changes", "collect", "demo", "files", "language", "logs", "plan", "report",
            "run", "schedule", "sources", "verdict",
        ],
    ),
];

/// Words of what waits, or reads the world beside its arguments.
const KNOWN_TO_THE_WORLD: [&str; 10] = [
    "tokio",
    "async ",
    "std::net::TcpStream",
    "std::thread",
    "SystemTime",
    "Instant::now",
    "Timestamp::now",
    "Zoned::now",
    "std::process",
    "std::env",
];

/// What the facts, which are plain values, do not know besides.
const OUTSIDE_THE_FACTS: [&str; 6] =
    ["std::fs", "std::io", "edgeprobe_probes", "rustix", "rustls", "hickory"];

/// The modules that are plain functions of plain values.
const PURE: [&str; 7] = ["bundle", "changes", "language", "logs", "plan", "report", "verdict"];

#[test]
fn every_module_has_its_place() {
    for entry in fs::read_dir("src").unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        let known = ARROWS.iter().any(|(module, _)| *module == name);
        assert!(known || name == "main" || name == "lib", "src/{name} has no place in ARROWS");
    }
}

#[test]
fn arrows_run_one_way() {
    for (module, allowed) in ARROWS {
        for (file, text) in sources(module) {
            for (used, _) in ARROWS {
                let uses = ["::", ";", ",", "}", " as "].iter().any(|after| {
                    text.contains(&format!("crate::{used}{after}"))
                        || text.contains(&format!("crate::{{{used}{after}"))
                });
                let may = used == module || allowed.contains(&used);
                assert!(!uses || may, "{} uses {used}", file.display());
            }
        }
    }
}

#[test]
fn the_picture_shows_the_arrows() {
    let text = fs::read_to_string("ARCHITECTURE.md").unwrap();
    let (_, picture) = text.split_once("graph TD\n").unwrap();
    let (picture, _) = picture.split_once("```").unwrap();
    let mut shown = BTreeSet::new();
    for line in picture.lines() {
        let line = line.replace("-- types only -->", "-->");
        let names: Vec<&str> = line.split("-->").map(str::trim).collect();
        shown.extend(names.windows(2).map(|pair| (pair[0].to_owned(), pair[1].to_owned())));
    }
    let held: BTreeSet<(String, String)> = ARROWS
        .into_iter()
        .flat_map(|(from, to)| to.iter().map(move |to| (from.to_owned(), (*to).to_owned())))
        .collect();
    let is_here = |name: &str| ARROWS.iter().any(|(module, _)| *module == name);
    let between = shown.into_iter().filter(|(from, to)| is_here(from) && is_here(to));
    assert_eq!(between.collect::<BTreeSet<_>>(), held);
}

#[test]
fn what_judges_and_tells_does_not_wait() {
    for module in PURE {
        for (file, text) in sources(module) {
            for word in KNOWN_TO_THE_WORLD {
                assert!(!text.contains(word), "{} knows `{word}`", file.display());
            }
            // What it reads of the probes are facts.
            assert!(!text.contains("edgeprobe_probes"), "{} knows the probes", file.display());
        }
    }
}

#[test]
fn facts_are_found_without_input_or_output() {
    for (file, text) in sources_in("probes/facts/src") {
        for word in KNOWN_TO_THE_WORLD.iter().chain(&OUTSIDE_THE_FACTS) {
            assert!(!text.contains(word), "{} knows `{word}`", file.display());
        }
    }
}

#[test]
fn modules_of_the_facts_and_of_the_probes_form_no_cycle() {
    for folder in ["probes/facts/src", "probes/src"] {
        let mut arrows = arrows_in(folder);
        // A module that uses nothing which is left is taken away, until nothing is left.
        while !arrows.is_empty() {
            let free: Vec<String> =
                arrows.iter().filter(|(_, uses)| uses.is_empty()).map(|(m, _)| m.clone()).collect();
            assert!(!free.is_empty(), "{folder} has a cycle among {:?}", arrows.keys());
            arrows.retain(|module, _| !free.contains(module));
            for uses in arrows.values_mut() {
                uses.retain(|used| !free.contains(used));
            }
        }
    }
}

#[test]
fn one_module_prints_and_one_knows_the_command_line() {
    for (module, _) in ARROWS.iter().filter(|(module, _)| *module != "cli") {
        for (file, text) in sources(module) {
            for word in ["clap::", "println!", "eprintln!"] {
                assert!(!text.contains(word), "{} knows `{word}`", file.display());
            }
        }
    }
}

/// A cause stands in one file, which knows of no other cause, and in the table. What is special about
/// it is an attribute.
#[test]
fn causes_are_named_in_the_table_alone() {
    let table = fs::read_to_string(TABLE).unwrap();
    let lines = table.lines().filter_map(|line| line.trim().strip_suffix(',')?.split_once(" in "));
    let modules: Vec<&str> = lines.map(|(_, module)| module).collect();
    assert!(modules.len() > 30, "{TABLE} has no causes");
    let causes = Path::new(TABLE).parent().unwrap();
    for (module, _) in ARROWS {
        for (file, text) in sources(module) {
            let names_one = |(at, word): (usize, &str)| {
                let variant = text[at + word.len()..].chars().take(2).collect::<Vec<_>>();
                // A constant is in capitals: `ALL`.
                matches!(variant[..], [first, second] if first.is_uppercase() && second.is_lowercase())
            };
            let named = text.match_indices("CauseId::").any(names_one);
            assert!(!named || file == Path::new(TABLE), "{} names a cause", file.display());
            let place = file.with_extension("");
            let own = |cause: &str| place.starts_with(causes.join(cause.replace("::", "/")));
            let other = modules.iter().filter(|cause| !own(cause)).find(|cause| {
                text.match_indices(**cause).any(|(at, cause)| {
                    !text[at + cause.len()..].starts_with(|c: char| c.is_alphanumeric() || c == '_')
                })
            });
            let is_table = file == Path::new(TABLE);
            assert!(other.is_none() || is_table, "{} uses {other:?}", file.display());
        }
    }
}

/// What starts a process gives it this program's rights, and by default its environment.
#[test]
fn one_place_starts_processes() {
    for (file, text) in shipped() {
        if file.starts_with("probes/src/tool") {
            continue;
        }
        for line in text.lines() {
            let starts = line.contains("process::") && line.contains("Command");
            assert!(!starts, "{} starts processes: {line}", file.display());
        }
    }
}

/// What writes a file may write it where a stranger waits for it.
#[test]
fn one_place_writes_files() {
    let words =
        ["File::create", "fs::write", "fs::rename", "OpenOptions", "tempfile_in", ".persist"];
    // What `schedule` writes lies in folders of root's: units, cron's table, the record of runs.
    let may =
        ["src/files", "src/schedule/install.rs", "src/schedule/record.rs", "probes/src/bounded.rs"];
    for (file, text) in shipped() {
        if may.iter().any(|place| file.starts_with(place)) {
            continue;
        }
        for word in words {
            assert!(!text.contains(word), "{} knows `{word}`", file.display());
        }
    }
}

/// What asks the privileged thread for something. docs/security.md says for each what it is.
const PRIVILEGED: [&str; 19] = [
    "probes/src/bounded.rs",
    "probes/src/endpoint/device_store/files.rs",
    "probes/src/engine/unix.rs",
    "probes/src/interface.rs",
    "probes/src/ports/linux.rs",
    "probes/src/ports/mod.rs",
    "probes/src/registry/line.rs",
    "probes/src/route/linux/xfrm.rs",
    "probes/src/runtime/root.rs",
    "probes/src/tool/start.rs",
    "probes/src/trace/capture.rs",
    "probes/src/vantage/borrow.rs",
    "probes/src/vantage/container/archive.rs",
    "probes/src/vantage/own_files.rs",
    "probes/src/vantage/place.rs",
    "src/cli/once.rs",
    "src/files/mod.rs",
    "src/sources/file.rs",
    "src/sources/recorded.rs",
];

#[test]
fn privileges_are_asked_for_in_a_few_places() {
    let words = ["with_privileges", "walls::open", "walls::in_worker", "walls::confine"];
    let asking: BTreeSet<PathBuf> = shipped()
        .filter(|(file, _)| !file.starts_with("probes/src/walls"))
        .filter(|(_, text)| words.iter().any(|word| text.contains(word)))
        .map(|(file, _)| file)
        .collect();
    assert_eq!(asking, PRIVILEGED.iter().map(PathBuf::from).collect());
    let page = fs::read_to_string(SECURITY).unwrap();
    for file in PRIVILEGED {
        assert!(page.contains(&format!("`{file}`")), "{SECURITY} does not speak of {file}");
    }
}

/// Each line of a table in the page ends with the tests that show it, as `FILE: NAME`.
#[test]
fn every_claim_about_security_names_a_test_that_is_there() {
    let page = fs::read_to_string(SECURITY).unwrap();
    let (_, claims) = page.split_once("| claim | shown by |\n|---|---|\n").expect("claims");
    let claims: Vec<&str> = claims.lines().take_while(|line| line.starts_with('|')).collect();
    assert!(claims.len() > 10, "{SECURITY} claims little");
    for claim in claims {
        let shown_by = claim.trim_end_matches('|').rsplit('|').next().unwrap();
        let tests: Vec<&str> = shown_by.split('`').skip(1).step_by(2).collect();
        assert!(!tests.is_empty(), "no test shows: {claim}");
        for test in tests {
            let (file, name) = test.split_once(": ").unwrap_or_else(|| panic!("{test}"));
            let text = fs::read_to_string(file).unwrap_or_else(|_| panic!("{file} is not there"));
            let is_there = text.contains(&format!("fn {name}("));
            assert!(is_there, "{file} has no test {name}, which is to show: {claim}");
        }
    }
}

const SECURITY: &str = "docs/security.md";

/// The files of the program and of the probes with their texts, without tests.
fn shipped() -> impl Iterator<Item = (PathBuf, String)> {
    let files = ["src", "probes/src"].into_iter().flat_map(sources_in);
    files.filter(|(file, _)| !is_a_test(file)).map(|(file, text)| {
        let end = text.find("#[cfg(test)]\nmod ").unwrap_or(text.len());
        (file, text[..end].to_owned())
    })
}

const TABLE: &str = "src/verdict/causes/table.rs";

/// Which modules of a crate each of them uses, apart from its tests.
fn arrows_in(folder: &str) -> BTreeMap<String, BTreeSet<String>> {
    let name = |file: &Path| {
        let inside = file.strip_prefix(folder).unwrap().components().next().unwrap();
        Path::new(inside.as_os_str()).file_stem().unwrap().to_string_lossy().into_owned()
    };
    let files: Vec<(PathBuf, String)> = sources_in(folder)
        .into_iter()
        .filter(|(file, _)| !is_a_test(file) && name(file) != "lib")
        .collect();
    let modules: BTreeSet<String> = files.iter().map(|(file, _)| name(file)).collect();
    let mut arrows: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (file, text) in &files {
        let own = name(file);
        let text = text.split("#[cfg(test)]\nmod tests").next().unwrap();
        let uses = modules.iter().filter(|used| **used != own && uses_module(text, used)).cloned();
        arrows.entry(own.clone()).or_default().extend(uses);
    }
    arrows
}

/// Whether a file is compiled for tests alone.
fn is_a_test(file: &Path) -> bool {
    let stem = file.file_stem().unwrap().to_string_lossy();
    stem.ends_with("tests")
        || stem == "testing"
        || file.components().any(|part| part.as_os_str() == "tests")
        || ["states", "agreement"].contains(&stem.as_ref())
}

fn uses_module(text: &str, module: &str) -> bool {
    text.contains(&format!("crate::{module}::"))
        || text.contains(&format!("crate::{module};"))
        || text.lines().any(|line| {
            line.contains("crate::{")
                && line.split(|c: char| !c.is_alphanumeric() && c != '_').any(|word| word == module)
        })
}

/// The files of a folder with their texts.
fn sources_in(folder: &str) -> Vec<(PathBuf, String)> {
    let mut files = Vec::new();
    collect(Path::new(folder), &mut files);
    assert!(!files.is_empty(), "{folder} is gone");
    files.into_iter().map(|file| (file.clone(), fs::read_to_string(file).unwrap())).collect()
}

/// The files of a module with their texts, tests within them included.
fn sources(module: &str) -> Vec<(PathBuf, String)> {
    let mut files = Vec::new();
    let single = PathBuf::from(format!("src/{module}.rs"));
    if single.exists() {
        files.push(single);
    }
    collect(&Path::new("src").join(module), &mut files);
    assert!(!files.is_empty(), "src/{module} is gone");
    files.into_iter().map(|file| (file.clone(), fs::read_to_string(file).unwrap())).collect()
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).into_iter().flatten() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}

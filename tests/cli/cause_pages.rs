//! docs/causes: checked in, and what the catalogue says.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use crate::program::run;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/causes")
}

/// The ids that `explain` lists.
fn ids() -> Vec<String> {
    let list = run(&["explain"]).stdout;
    let causes = list.lines().take_while(|line| !line.is_empty());
    let names = causes.filter(|line| !line.starts_with(' '));
    names.map(|line| line.split_whitespace().next().unwrap().to_owned()).collect()
}

/// The files that should be there, with what should be in them.
fn pages() -> Vec<(String, String)> {
    let page = |id: String| {
        let outcome = run(&["generate", "causes", "--cause", &id]);
        assert_eq!(outcome.code, 0, "{id}: {}", outcome.stderr);
        (format!("{id}.md"), outcome.stdout)
    };
    let mut pages: Vec<_> = ids().into_iter().map(page).collect();
    pages.push(("README.md".to_owned(), run(&["generate", "causes"]).stdout));
    pages
}

#[test]
fn the_pages_that_are_checked_in_are_the_catalogues_own() {
    let pages = pages();
    assert!(pages.len() > 30, "{}", pages.len());
    if std::env::var_os("UPDATE_CAUSES").is_some() {
        let _ = fs::remove_dir_all(folder());
        fs::create_dir_all(folder()).unwrap();
        for (name, page) in &pages {
            fs::write(folder().join(name), page).unwrap();
        }
    }
    let differs = |(name, page): &&(String, String)| {
        fs::read_to_string(folder().join(name)).unwrap_or_default() != *page
    };
    let differing: Vec<&String> = pages.iter().filter(differs).map(|(name, _)| name).collect();
    assert!(
        differing.is_empty(),
        "docs/causes is not what `edgeprobe generate causes` prints; run this test with \
         UPDATE_CAUSES=1 and look at the difference: {differing:?}"
    );
    let wanted: BTreeSet<String> = pages.into_iter().map(|(name, _)| name).collect();
    let there: BTreeSet<String> = fs::read_dir(folder())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    assert_eq!(there, wanted, "docs/causes has a page of no cause");
}

#[test]
fn every_link_between_pages_leads_to_one() {
    let pages = pages();
    let names: BTreeSet<&str> = pages.iter().map(|(name, _)| name.as_str()).collect();
    for (name, page) in &pages {
        let links = page.split("](").skip(1).filter_map(|rest| rest.split_once(')'));
        let local: Vec<&str> = links.map(|(target, _)| target).collect();
        assert!(!local.is_empty(), "{name} leads nowhere");
        for target in local {
            assert!(names.contains(target), "{name} links {target}");
        }
    }
}

#[test]
fn a_name_that_is_no_cause_is_a_problem() {
    let outcome = run(&["generate", "causes", "--cause", "port-in-used"]);
    assert_eq!(outcome.code, 3);
    assert!(outcome.stderr.contains("edgeprobe explain port-in-use"), "{}", outcome.stderr);
}

//! docs/causes: checked in, and what the catalogue says.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use crate::program::run;
use crate::renew::{assert_up_to_date, renews};

fn folder() -> PathBuf {
    PathBuf::from("docs/causes")
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
fn the_pages_are_up_to_date() {
    let pages = pages();
    assert!(pages.len() > 30, "{}", pages.len());
    let wanted: BTreeSet<PathBuf> = pages.iter().map(|(name, _)| folder().join(name)).collect();
    if renews("causes") {
        let _ = fs::remove_dir_all(folder());
    }
    let files: Vec<_> = pages.into_iter().map(|(name, page)| (folder().join(name), page)).collect();
    assert_up_to_date("causes", &files);
    let there: BTreeSet<PathBuf> =
        fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert_eq!(
        there, wanted,
        "stale, run `scripts/renew causes`: docs/causes has a page of no cause"
    );
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

//! Holds the dependencies to deny.toml: their licences, where they come from, and that none is there
//! in two versions without a reason.
//!
//! Advisories need their database, which `cargo deny check advisories` fetches.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that panics has found something"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::process::Command;

use serde_json::Value;

fn rules() -> Value {
    toml::from_str(&fs::read_to_string("deny.toml").unwrap()).unwrap()
}

fn texts<'v>(list: &'v Value, name: &str) -> BTreeSet<&'v str> {
    let text = |it: &'v Value| if name.is_empty() { it.as_str() } else { it[name].as_str() };
    list.as_array().unwrap().iter().map(|it| text(it).unwrap()).collect()
}

/// A package that is built for one of the targets: its name, version and licence.
type Package = (String, String, String);

fn packages(rules: &Value) -> BTreeSet<Package> {
    texts(&rules["graph"]["targets"], "").into_iter().flat_map(packages_for).collect()
}

fn packages_for(target: &str) -> BTreeSet<Package> {
    let metadata = |network: &[&str]| {
        let fixed = ["metadata", "--locked", "--format-version=1", "--filter-platform", target];
        Command::new(env!("CARGO")).args(fixed).args(network).output().unwrap()
    };
    // What is for another target than the tests' own may not have been fetched yet.
    let offline = metadata(&["--offline"]);
    let output = if offline.status.success() { offline } else { metadata(&[]) };
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    let built = texts(&metadata["resolve"]["nodes"], "id");
    let ours = texts(&metadata["workspace_members"], "");
    let all = metadata["packages"].as_array().unwrap().iter();
    let built = all.filter(|package| {
        let id = package["id"].as_str().unwrap();
        built.contains(id) && !ours.contains(id)
    });
    let text = |package: &Value, name: &str| package[name].as_str().unwrap_or("none").to_owned();
    built.map(|it| (text(it, "name"), text(it, "version"), text(it, "license"))).collect()
}

#[test]
fn every_licence_is_allowed() {
    let rules = rules();
    let allowed = texts(&rules["licenses"]["allow"], "");
    let mut used = BTreeSet::new();
    for (name, version, licence) in packages(&rules) {
        assert!(is_allowed(&licence, &allowed), "{name} {version} is under {licence}");
        used.extend(allowed.iter().filter(|word| licence.contains(**word)));
    }
    assert_eq!(used, allowed, "a licence is allowed that no package has");
}

/// Whether an expression of SPDX can be met with these licences alone. Older manifests write `/` for OR.
fn is_allowed(expression: &str, allowed: &BTreeSet<&str>) -> bool {
    let spaced = expression.replace('/', " OR ").replace('(', " ( ").replace(')', " ) ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let mut rest = words.as_slice();
    let met = either(&mut rest, allowed);
    assert!(rest.is_empty(), "`{expression}` is no expression");
    met
}

fn either(words: &mut &[&str], allowed: &BTreeSet<&str>) -> bool {
    let mut met = both(words, allowed);
    while let ["OR", rest @ ..] = *words {
        *words = rest;
        met |= both(words, allowed);
    }
    met
}

fn both(words: &mut &[&str], allowed: &BTreeSet<&str>) -> bool {
    let mut met = one(words, allowed);
    while let ["AND", rest @ ..] = *words {
        *words = rest;
        met &= one(words, allowed);
    }
    met
}

fn one(words: &mut &[&str], allowed: &BTreeSet<&str>) -> bool {
    match *words {
        ["(", rest @ ..] => {
            *words = rest;
            let met = either(words, allowed);
            assert_eq!(words.first(), Some(&")"));
            *words = &words[1..];
            met
        }
        [licence, "WITH", exception, rest @ ..] => {
            *words = rest;
            allowed.contains(format!("{licence} WITH {exception}").as_str())
        }
        [licence, rest @ ..] => {
            *words = rest;
            allowed.contains(licence)
        }
        [] => false,
    }
}

#[test]
fn expressions_are_read_as_spdx_has_them() {
    let allowed = BTreeSet::from(["MIT", "ISC"]);
    for met in ["MIT", "MIT/Apache-2.0", "(GPL-3.0 OR MIT) AND ISC", "A WITH e OR ISC"] {
        assert!(is_allowed(met, &allowed), "{met}");
    }
    for unmet in ["GPL-3.0", "MIT AND GPL-3.0", "MIT WITH e", "none", "(MIT OR A) AND B OR C"] {
        assert!(!is_allowed(unmet, &allowed), "{unmet}");
    }
}

#[test]
fn no_package_is_there_twice_without_a_reason() {
    let rules = rules();
    let skipped = texts(&rules["bans"]["skip"], "crate");
    let refused = texts(&rules["bans"]["deny"], "crate");
    let packages = packages(&rules);
    let mut versions: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (name, version, _) in &packages {
        assert!(!refused.contains(name.as_str()), "{name} is refused");
        versions.entry(name).or_default().insert(version);
    }
    let mut needed = BTreeSet::new();
    for (name, versions) in versions.iter().filter(|(_, versions)| versions.len() > 1) {
        let spare = |version: &&str| skipped.contains(format!("{name}@{version}").as_str());
        let (skips, others): (Vec<&str>, Vec<&str>) = versions.iter().copied().partition(spare);
        assert!(others.len() <= 1, "{name} is there as {others:?}");
        needed.extend(skips.iter().map(|version| format!("{name}@{version}")));
    }
    assert_eq!(needed, skipped.into_iter().map(str::to_owned).collect(), "a reason is out of date");
}

#[test]
fn every_package_is_from_the_registry() {
    let rules = rules();
    let allowed = texts(&rules["sources"]["allow-registry"], "");
    let lock: Value = toml::from_str(&fs::read_to_string("Cargo.lock").unwrap()).unwrap();
    for package in lock["package"].as_array().unwrap() {
        let Some(source) = package["source"].as_str() else { continue };
        let registry = source.strip_prefix("registry+").unwrap_or(source);
        assert!(allowed.contains(registry), "{} is from {source}", package["name"]);
        assert!(package["checksum"].is_string(), "{} has no checksum", package["name"]);
    }
}

/// Where the tool itself is installed, it has the word.
#[test]
fn cargo_deny_agrees() {
    let deny =
        |arguments: &[&str]| Command::new(env!("CARGO")).arg("deny").args(arguments).output();
    if !deny(&["--version"]).is_ok_and(|output| output.status.success()) {
        return;
    }
    let output = deny(&["--locked", "check", "licenses", "bans", "sources"]).unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

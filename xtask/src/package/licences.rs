//! Whose work is in the programs, and on what terms.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::sh::{Result, cargo, checkout, host, output_of};

/// What is packed.
const OURS: [&str; 3] = ["pam-aisudo", "aisudo-daemon", "aisudo"];

/// What of npm's packages ends up in the app's files, which the daemon carries.
const IN_THE_APP: [&str; 4] = ["@noble/ciphers", "@noble/curves", "@noble/hashes", "svelte"];

/// Somebody else's package in our programs.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Linked {
    name: String,
    version: String,
    licence: String,
    directory: PathBuf,
}

/// All of them, in order.
pub(super) fn linked() -> Result<Vec<Linked>> {
    let mut metadata = cargo();
    metadata.args(["metadata", "--format-version=1", "--quiet"]);
    metadata.arg(format!("--filter-platform={}", host()?));
    let metadata = serde_json::from_str(&output_of(&mut metadata)?)
        .map_err(|error| format!("cargo metadata cannot be read: {error}"))?;
    let mut linked = crates(&metadata);
    for name in IN_THE_APP {
        linked.extend(of_npm(name));
    }
    linked.sort();
    Ok(linked)
}

/// The crates that ours depend on, not for tests or builds.
fn crates(metadata: &Value) -> Vec<Linked> {
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let packages: BTreeMap<String, Value> = list(&metadata["packages"])
        .into_iter()
        .map(|package| (text(&package["id"]), package))
        .collect();
    let nodes: BTreeMap<String, Value> = list(&metadata["resolve"]["nodes"])
        .into_iter()
        .map(|node| (text(&node["id"]), node))
        .collect();
    let ours = packages
        .iter()
        .filter(|(_, package)| OURS.iter().any(|name| package["name"] == *name));
    let mut waiting: Vec<String> = ours.map(|(id, _)| id.clone()).collect();
    let mut seen = BTreeSet::new();
    while let Some(id) = waiting.pop() {
        let dependencies = nodes.get(&id).map(|node| list(&node["deps"]));
        if !seen.insert(id) {
            continue;
        }
        for dependency in dependencies.unwrap_or_default() {
            let kinds = list(&dependency["dep_kinds"]);
            if kinds.iter().any(|kind| kind["kind"].is_null()) {
                waiting.push(text(&dependency["pkg"]));
            }
        }
    }
    seen.iter()
        .filter_map(|id| packages.get(id))
        .filter(|package| !package["source"].is_null())
        .map(|package| Linked {
            name: text(&package["name"]),
            version: text(&package["version"]),
            licence: text(&package["license"]),
            directory: Path::new(&text(&package["manifest_path"]))
                .parent()
                .unwrap_or(Path::new("/"))
                .to_path_buf(),
        })
        .collect()
}

fn of_npm(name: &str) -> Option<Linked> {
    let directory = checkout().join("app/node_modules").join(name);
    let package = fs::read_to_string(directory.join("package.json")).ok()?;
    let package: Value = serde_json::from_str(&package).ok()?;
    Some(Linked {
        name: name.to_owned(),
        version: package["version"].as_str()?.to_owned(),
        licence: package["license"].as_str()?.to_owned(),
        directory,
    })
}

/// Debian's machine-readable file.
pub(super) fn copyright(linked: &[Linked]) -> Result<String> {
    let licence = checkout().join("LICENSE");
    let ours = fs::read_to_string(&licence)
        .map_err(|error| format!("cannot read {}: {error}", licence.display()))?;
    let mut text = String::from(
        "Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\n\
         Upstream-Name: aisudo\n\n\
         Files: *\n",
    );
    let mut licence = String::new();
    for line in ours.lines().skip(1).skip_while(|line| line.is_empty()) {
        if let Some(holder) = line.strip_prefix("Copyright (c) ") {
            let _ = writeln!(text, "Copyright: {holder}");
        } else if line.is_empty() {
            licence.push_str(" .\n");
        } else {
            let _ = writeln!(licence, " {line}");
        }
    }
    let licence = licence.trim_start_matches(" .\n");
    let _ = write!(
        text,
        "License: MIT\n{licence}\nFiles: usr/bin/* usr/sbin/* usr/lib/*\n"
    );
    text.push_str("Copyright: the authors of the packages below\nLicense: various\n");
    text.push_str(" Linked into the programs, with their texts in THIRD-PARTY.txt.gz:\n .\n");
    for one in linked {
        let _ = writeln!(text, "  {} {}: {}", one.name, one.version, one.licence);
    }
    Ok(text)
}

/// Their licences' texts, each once, under the names of those that it is of.
pub(super) fn texts(linked: &[Linked]) -> Result<String> {
    let mut of_text: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for one in linked {
        let name = format!("{} {} ({})", one.name, one.version, one.licence);
        let texts = licence_texts(&one.directory);
        if texts.is_empty() {
            let said = "The package carries no text; its terms are named above.\n";
            of_text.entry(said.to_owned()).or_default().push(name);
            continue;
        }
        for text in texts {
            of_text.entry(text).or_default().push(name.clone());
        }
    }
    let mut sections: Vec<_> = of_text
        .into_iter()
        .map(|(text, names)| (names, text))
        .collect();
    sections.sort();
    let mut all = String::new();
    for (names, text) in sections {
        let _ = write!(
            all,
            "{}\n\n{}\n\n{}\n\n",
            names.join("\n"),
            text.trim(),
            "=".repeat(80)
        );
    }
    Ok(all)
}

fn licence_texts(directory: &Path) -> BTreeSet<String> {
    let files = fs::read_dir(directory).into_iter().flatten().flatten();
    files
        .filter(|file| {
            let name = file.file_name().to_string_lossy().to_uppercase();
            let starts = [
                "LICENSE",
                "LICENCE",
                "COPYING",
                "COPYRIGHT",
                "NOTICE",
                "UNLICENSE",
            ];
            starts.iter().any(|start| name.starts_with(start)) && file.path().is_file()
        })
        .filter_map(|file| fs::read_to_string(file.path()).ok())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_linked_is_told_from_what_builds_or_tests() {
        let dependency = |name: &str, kind: Value| serde_json::json!({"pkg": name, "dep_kinds": [{"kind": kind}]});
        let package = |name: &str, source: Value| {
            serde_json::json!({"id": name, "name": name, "version": "1", "license": "MIT",
                "source": source, "manifest_path": format!("/c/{name}/Cargo.toml")})
        };
        let metadata = serde_json::json!({
            "packages": [
                package("aisudo", Value::Null), package("ours", Value::Null), package("deep", "r".into()),
                package("builder", "r".into()), package("tester", "r".into()),
            ],
            "resolve": {"nodes": [
                {"id": "aisudo", "deps": [
                    dependency("ours", Value::Null), dependency("builder", "build".into()),
                    dependency("tester", "dev".into()),
                ]},
                {"id": "ours", "deps": [dependency("deep", Value::Null), dependency("aisudo", Value::Null)]},
            ]},
        });
        let names: Vec<_> = crates(&metadata).into_iter().map(|one| one.name).collect();
        assert_eq!(names, ["deep"]);
    }

    #[test]
    fn every_crate_of_this_checkout_names_its_licence() {
        let linked = linked().unwrap();
        assert!(linked.iter().any(|one| one.name == "serde"));
        assert!(linked.iter().all(|one| !one.licence.is_empty()));
        let copyright = copyright(&linked).unwrap();
        assert!(copyright.contains("\nCopyright: 2026 "), "{copyright}");
        assert!(!copyright.contains("\n\n\n"));
    }
}

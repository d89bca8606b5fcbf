//! Policies as text, commands as words, and what comes of them.

mod allow;
mod file;
mod lint;
mod properties;
mod strict;
mod words;

use super::*;

/// A policy of these rules.
fn policy(rules: &str) -> Policy {
    Policy::parse(&format!("version = 1\n{rules}")).unwrap()
}

/// A request for `sudo WORDS`, by `agent`. `more` are further fields of an example.
fn request_with(words: &[&str], more: &str) -> Request {
    let text = format!(
        "version = 1\n[[example]]\nuser = \"agent\"\nexpect = \"ask\"\ncommand = {}\n{more}",
        toml_list(words)
    );
    Example::parse(&text).unwrap().remove(0).request()
}

fn request(words: &[&str]) -> Request {
    request_with(words, "")
}

fn toml_list(words: &[&str]) -> String {
    let quoted: Vec<String> = words
        .iter()
        .map(|word| serde_json::to_string(word).unwrap())
        .collect();
    format!("[{}]", quoted.join(", "))
}

const NOON: LocalTime = LocalTime {
    weekday: 0,
    minute: 12 * 60,
};

/// The effect's word.
fn says(policy: &Policy, request: &Request) -> &'static str {
    policy.judge(request, NOON).effect.word()
}

/// Whether a rule that allows `program` with these `args` allows the words.
fn allows(program: &str, args: &str, words: &[&str]) -> bool {
    let rules = format!(
        "[[rule]]\nname = \"it\"\neffect = \"allow\"\nprogram = \"{program}\"\nargs = {args}"
    );
    says(&policy(&rules), &request(words)) == "allow"
}

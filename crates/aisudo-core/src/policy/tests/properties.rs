//! What holds for any policy and any request.

use proptest::{collection::vec, prelude::*, sample::select};

use super::*;
use crate::{
    raw::Raw,
    request::{Found, Operand},
};

/// Any number of rules, of parts that meet often.
fn policies() -> impl Strategy<Value = Policy> {
    let conditions = select(vec![
        "",
        "user = \"agent\"",
        "group = \"staff\"",
        "host = \"localhost\"",
        "target = \"root\"",
        "target = \"postgres\"",
        "mode = [\"run\", \"shell\"]",
        "mode = \"edit\"",
        "program = \"/usr/bin/df\"",
        "program = { under = \"/usr/bin\" }",
        "program = \"/bin/bash\"",
        "cwd = { under = \"/srv\" }",
        "stdin = \"null\"",
        "hours = \"09:00-17:00\"",
    ]);
    let args = select(vec![
        "args = []",
        "args = [\"-h\"]",
        "args = [{ under = \"/srv\" }]",
        "args = [{ type = \"word\", rest = true }]",
    ]);
    let agent = prop::option::of(Just("agent = \"Codex\""));
    let effect = select(vec!["allow", "ask", "deny", "password"]);
    let rule = (effect, conditions, args, any::<bool>(), agent);
    (
        vec(rule, 0..5),
        select(vec!["ask", "deny", "password"]),
    )
        .prop_map(|(rules, default)| {
            let mut text = format!("version = 1\ndefault = \"{default}\"\n");
            for (index, (effect, condition, args, with_args, agent)) in rules.iter().enumerate() {
                let args = if *with_args || *effect == "allow" { args } else { "" };
                let agent = agent
                    .filter(|_| matches!(*effect, "ask" | "deny"))
                    .unwrap_or_default();
                text.push_str(&format!(
                    "[[rule]]\nname = \"{index}\"\neffect = \"{effect}\"\n{condition}\n{args}\n{agent}\n"
                ));
            }
            Policy::parse(&text).unwrap()
        })
}

fn requests() -> impl Strategy<Value = Request> {
    let words = select(vec![
        vec!["df"],
        vec!["df", "-h"],
        vec!["df", "/srv/a"],
        vec!["df", "a"],
        vec!["-u", "postgres", "df"],
        vec!["-u", "#0", "df", "-h"],
        vec!["-g", "adm", "df"],
        vec!["-s"],
        vec!["-i"],
        vec!["-s", "df"],
        vec!["-e", "/srv/a"],
        vec!["-l", "df"],
        vec!["-v"],
        vec!["X=1", "df"],
        vec!["-D", "/srv", "df"],
    ]);
    let more = select(vec![
        "",
        "cwd = \"/srv/a\"",
        "agent = \"Codex\"",
        "groups = [\"staff\"]",
        "changeable = [\"/srv/a\"]",
    ]);
    (words, more).prop_map(|(words, more)| request_with(&words, more))
}

fn rank(policy: &Policy, request: &Request) -> usize {
    ["allow", "password", "ask", "deny"]
        .iter()
        .position(|word| *word == says(policy, request))
        .unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    /// A fact that is not known never makes anything looser.
    #[test]
    fn what_is_hidden_never_loosens(policy in policies(), request in requests(), which in 0..7_usize) {
        let mut hidden = request.clone();
        match which {
            0 => hidden.call = None,
            1 => hidden.program.path = None,
            2 => hidden.program.real = None,
            3 => hidden.requester.name = Raw::default(),
            4 => hidden.requester.groups.clear(),
            5 => hidden.host.name = Raw::default(),
            _ => hidden.cwd = Raw::default(),
        }
        prop_assert!(rank(&policy, &hidden) >= rank(&policy, &request));
    }

    /// Neither does what is less certain, or the requester's to change.
    #[test]
    fn what_is_less_certain_never_loosens(policy in policies(), request in requests(), path in select(vec!["/srv/a", "/usr/bin/df"])) {
        let mut searched = request.clone();
        searched.program.found = Found::Gate;
        prop_assert!(rank(&policy, &searched) >= rank(&policy, &request));

        let mut changeable = request.clone();
        changeable.operands.push(Operand {
            path: Raw::from(path),
            role: crate::request::Role::Argument,
            content: crate::request::Content::Directory,
        });
        prop_assert!(rank(&policy, &changeable) >= rank(&policy, &request));
    }

    #[test]
    fn a15_no_claim_to_be_an_agent_ever_loosens(policy in policies(), request in requests()) {
        let mut hidden = request.clone();
        hidden.agents.clear();
        let mut claimed = request;
        claimed.agents = crate::agents::labels().map(str::to_owned).collect();
        prop_assert!(rank(&policy, &claimed) >= rank(&policy, &hidden));
    }

    /// What is told rule by rule is what is done.
    #[test]
    fn an_explanation_ends_in_the_ruling(policy in policies(), request in requests()) {
        let explanation = policy.explain(&request, NOON);
        prop_assert_eq!(&explanation.ruling, &policy.judge(&request, NOON));
        prop_assert_eq!(explanation.rules.len(), policy.rules.len());
        for considered in &explanation.rules {
            prop_assert!(!considered.part.to_string().contains('\n'));
        }
    }

    /// Two words are never taken for one, nor one for two, whatever bytes they are of.
    #[test]
    fn a27_only_the_very_words_are_allowed(words in vec(vec(1..=255_u8, 0..6), 0..4)) {
        let policy = policy("[[rule]]\nname = \"it\"\neffect = \"allow\"\nprogram = \"/usr/bin/x\"\nargs = [\"a\", \"b c\"]");
        let mut request = request(&["x"]);
        let said: Vec<Raw> = [b"x".to_vec()].into_iter().chain(words).map(Raw).collect();
        request.sudo.argv = [Raw::from("sudo")].into_iter().chain(said.clone()).collect();
        let the_words = said == ["x", "a", "b c"].map(Raw::from);
        request.call.as_mut().unwrap().argv = said;
        prop_assert_eq!(says(&policy, &request) == "allow", the_words);
    }

    /// A word that is taken for a path below a directory leads there by every reading.
    #[test]
    fn a_path_below_a_directory_stays_below_it(path in "(/(srv|a|\\.|\\.\\.|)){0,6}/?") {
        let taken = allows("/usr/bin/x", "[{ under = \"/srv\" }]", &["x", &path]);
        let mut depth = Vec::new();
        let mut left = false;
        for (index, part) in path.split('/').enumerate() {
            match part {
                "" | "." => {}
                ".." => { depth.pop(); }
                part => depth.push(part),
            }
            left |= index > 1 && depth.first() != Some(&"srv");
        }
        prop_assert!(!taken || (depth.len() > 1 && !left), "{}", path);
    }

    #[test]
    fn any_text_is_read_or_refused_in_one_line(text in "(version = 1\n)?([a-z]{1,8} = .{0,8}\n|\\[\\[rule\\]\\]\n|\\PC{0,20}\n){0,8}") {
        if let Err(error) = Policy::parse(&text) {
            prop_assert!(!error.contains('\n'), "{:?}", error);
        }
    }
}

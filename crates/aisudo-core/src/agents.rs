//! AI agents by the names their processes go by. A label for people, never a reason to allow.

/// How an agent's process looks.
struct Agent {
    /// What people call it.
    label: &'static str,
    /// Names of its process, or of the program or script that was started, without directory or
    /// `.js`/`.py`/`.mjs` ending.
    names: &'static [&'static str],
}

const AGENTS: &[Agent] = &[
    Agent {
        label: "Claude Code",
        names: &["claude", "claude-code"],
    },
    Agent {
        label: "Codex",
        names: &["codex", "codex-cli"],
    },
    Agent {
        label: "OpenClaw",
        names: &["openclaw", "openclaw-gateway", "clawdbot", "moltbot"],
    },
    Agent {
        label: "Cursor",
        names: &["cursor", "cursor-agent"],
    },
    Agent {
        label: "Gemini CLI",
        names: &["gemini", "gemini-cli"],
    },
    Agent {
        label: "aider",
        names: &["aider"],
    },
    Agent {
        label: "GitHub Copilot CLI",
        names: &["copilot", "github-copilot-cli"],
    },
    Agent {
        label: "Goose",
        names: &["goose", "goosed"],
    },
    Agent {
        label: "OpenCode",
        names: &["opencode"],
    },
    Agent {
        label: "Amp",
        names: &["amp"],
    },
    Agent {
        label: "Cline",
        names: &["cline"],
    },
    Agent {
        label: "Windsurf",
        names: &["windsurf"],
    },
    Agent {
        label: "Qwen Code",
        names: &["qwen", "qwen-code"],
    },
    Agent {
        label: "Amazon Q",
        names: &["q", "qchat"],
    },
    Agent {
        label: "OpenHands",
        names: &["openhands"],
    },
    Agent {
        label: "Hermes",
        names: &["hermes", "hermes-agent"],
    },
];

/// What people call the agents that are known.
pub fn labels() -> impl Iterator<Item = &'static str> {
    AGENTS.iter().map(|agent| agent.label)
}

/// The agent whose process has one of these names: `comm`, the executable, or a word of its
/// command line. Directories and script endings are ignored.
#[must_use]
pub fn recognize<'a>(names: impl IntoIterator<Item = &'a [u8]>) -> Option<&'static str> {
    let names: Vec<&[u8]> = names.into_iter().map(stem).collect();
    AGENTS
        .iter()
        .find(|agent| {
            agent
                .names
                .iter()
                .any(|name| names.contains(&name.as_bytes()))
        })
        .map(|agent| agent.label)
}

fn stem(name: &[u8]) -> &[u8] {
    let name = name.rsplit(|byte| *byte == b'/').next().unwrap_or(name);
    [".js", ".mjs", ".cjs", ".py"]
        .iter()
        .find_map(|ending| name.strip_suffix(ending.as_bytes()))
        .unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agents_are_known_by_process_program_or_script() {
        let cases: &[(&[&str], Option<&str>)] = &[
            (&["claude"], Some("Claude Code")),
            (
                &["node", "/usr/lib/node_modules/openclaw/openclaw.mjs"],
                Some("OpenClaw"),
            ),
            (&["clawdbot"], Some("OpenClaw")),
            (&["python3", "/home/x/.local/bin/aider"], Some("aider")),
            (&["/opt/Codex/codex"], Some("Codex")),
            (&["bash"], None),
            (&["claudette"], None),
        ];
        for (names, expected) in cases {
            assert_eq!(
                recognize(names.iter().map(|name| name.as_bytes())),
                *expected,
                "{names:?}"
            );
        }
    }
}

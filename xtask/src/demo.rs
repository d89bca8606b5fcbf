//! `cargo xtask demo`.

use std::{
    io::{IsTerminal, Write as _, stdin, stdout},
    net::TcpListener,
    process::Command,
    time::Duration,
};

use aisudo_testbed::{BUILD, DEFAULT_CONFIG, Output, Running, World};

use crate::app;
use crate::root::{again_as_root, is_root};
use crate::setup;
use crate::sh::{Result, run};
use crate::test::build_artefacts;

/// Longer than any request of the demo waits.
const PATIENCE: Duration = Duration::from_secs(90);

/// Where the demo's daemon serves the phone app, if nobody else listens there.
const APP: &str = "127.0.0.1:7443";

/// The one rule of the demo's world.
const POLICY: &str = r#"version = 1

[[rule]]
name = "free space"
effect = "allow"
program = "/usr/bin/df"
args = ["-h", "/"]
"#;

/// Installs and builds what the demo needs as the person who calls, then goes on as root.
pub(crate) fn prepare(arguments: &[String]) -> Result<()> {
    setup::setup()?;
    app::build()?;
    build_artefacts()?;
    if is_root() {
        return demo(arguments);
    }
    let mut again = vec!["demo-as-root".to_owned()];
    again.extend_from_slice(arguments);
    again_as_root(
        &again,
        "to mount a private world in which the demo's users and sudo live",
    )
}

/// The demo itself. Called as root, with everything built.
pub(crate) fn demo(arguments: &[String]) -> Result<()> {
    if !is_root() {
        return Err("this is the demo's second half: start `cargo xtask demo`".to_owned());
    }
    let scripted = match arguments {
        [] => !(stdin().is_terminal() && stdout().is_terminal()),
        [one] if one == "--scripted" => true,
        _ => return Err("usage: cargo xtask demo [--scripted]".to_owned()),
    };
    let world = World::new();
    if scripted {
        play(&world)
    } else {
        converse(&world)
    }
}

/// An approval, a denial and a timeout, without anybody at the keyboard.
fn play(world: &World) -> Result<()> {
    world.config(&with_timeout(5));
    world.policy(POLICY);
    let _daemon = world.start_daemon();

    scene("An agent asks, a person approves");
    let sudo = agent(
        world,
        "AISUDO_REASON='is nginx allowed to bind port 80?' sudo sysctl -n net.ipv4.ip_unprivileged_port_start",
    );
    let code = world.wait_for_request();
    person(world, &["approve", &code]);
    outcome(sudo);

    scene("An agent asks for too much, a person denies");
    let sudo = agent(world, "cat install.sh 2>/dev/null | sudo bash");
    let code = world.wait_for_request();
    person(
        world,
        &[
            "deny",
            &code,
            "--reason",
            "never pipe the internet into root",
        ],
    );
    outcome(sudo);

    scene("A rule of root's lets it through, and nobody is asked");
    outcome(agent(world, "sudo df -h /"));
    person(
        world,
        &[
            "policy", "explain", "--user", "agent", "--", "df", "-h", "/",
        ],
    );
    println!("What the rule does not say is asked about:\n");
    person(
        world,
        &[
            "policy", "explain", "--user", "agent", "--", "df", "-h", "/root",
        ],
    );

    scene("Nobody answers");
    let sudo = agent(world, "sudo rm -rf /var/log");
    world.wait_for_request();
    person(world, &["list"]);
    outcome(sudo);

    scene("What happened");
    person(world, &["audit", "tail"]);
    person(world, &["audit", "verify"]);
    Ok(())
}

/// The person at the keyboard is the agent and the approver in turns.
fn converse(world: &World) -> Result<()> {
    let has_app = TcpListener::bind(APP).is_ok();
    let app = match has_app {
        true => format!("\n[channels.app]\nurl = \"http://localhost:7443\"\nlisten = \"{APP}\"\n"),
        false => String::new(),
    };
    world.config(&(with_timeout(60) + &app));
    world.policy(POLICY);
    let _daemon = world.start_daemon();
    println!("This is a private world: nothing in it changes this machine's users, sudo or /etc.");
    println!("Give the agent a command to run with sudo, then answer the request as its owner.");
    println!("A rule of root's lets `df -h /` through without a question.");
    match has_app {
        true => println!(
            "Type `pair` first to answer in the phone app instead: a browser on this machine is a phone here."
        ),
        false => println!("Something listens on {APP}: the demo goes on without the phone app."),
    }
    println!("An empty line ends the demo.");
    loop {
        print!("\nagent$ sudo ");
        stdout().flush().map_err(|error| error.to_string())?;
        let mut line = String::new();
        let read = stdin()
            .read_line(&mut line)
            .map_err(|error| error.to_string())?;
        if read == 0 || line.trim().is_empty() {
            break;
        }
        if line.trim() == "pair" && has_app {
            // Its own words say what went wrong.
            let _ = run(Command::new(format!("{BUILD}/aisudo")).args(["pair", "owner"]));
            continue;
        }
        let mut sudo = world
            .run_as("agent")
            .shell(&format!("sudo {}", line.trim()));
        // Something that sudo refuses by itself is never asked for.
        while sudo.is_running() && world.pending().is_empty() {
            std::thread::sleep(Duration::from_millis(50));
        }
        if sudo.is_running() {
            run(Command::new(format!("{BUILD}/aisudo")).args(["wait-for-requests", "--once"]))?;
        }
        outcome(sudo);
    }
    scene("What happened");
    person(world, &["audit", "tail"]);
    person(world, &["audit", "verify"]);
    Ok(())
}

fn with_timeout(seconds: u32) -> String {
    DEFAULT_CONFIG
        .replace("timeout = 20", &format!("timeout = {seconds}"))
        .replace(
            "[\"terminal\", \"policy\"]",
            "[\"terminal\", \"policy\", \"app\"]",
        )
}

fn scene(title: &str) {
    println!("\n━━ {title}\n");
}

fn agent(world: &World, line: &str) -> Running {
    println!("agent$ {line}\n");
    world.run_as("agent").shell(line)
}

fn person(world: &World, arguments: &[&str]) {
    println!("owner$ aisudo {}", arguments.join(" "));
    let Output { stdout, stderr, .. } = world.approver(arguments);
    println!("{stdout}{stderr}");
}

fn outcome(sudo: Running) {
    let done = sudo.wait(PATIENCE);
    for line in done.stderr.lines() {
        println!("agent (stderr): {line}");
    }
    for line in done.stdout.lines() {
        println!("agent (stdout): {line}");
    }
    match done.code() {
        Some(code) => println!("agent: exit code {code}"),
        None => println!("agent: ended by a signal"),
    }
}

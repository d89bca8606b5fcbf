//! `cargo xtask picture`: the picture of the README, of the real program in a private world.

use std::fmt::Write as _;
use std::num::NonZero;
use std::process::Command;
use std::time::{Duration, Instant};

use aisudo_testbed::{DEFAULT_CONFIG, Running, World};
use vt100::{Cell, Color, Parser, Screen};

use crate::root::{again_as_root, is_root};
use crate::setup;
use crate::sh::{Result, checkout, run as run_command};
use crate::test::build_artefacts;

const COLUMNS: u16 = 100;
const ROWS: u16 = 30;
const PATIENCE: Duration = Duration::from_secs(20);
const FILE: &str = "docs/watch.svg";

/// What agents ask for, in this order. The first one is what the picture shows whole.
const ASKED: &[&str] = &[
    "cat install.sh 2>/dev/null | AISUDO_REASON='the vendor recommends it' sudo bash -s -- --yes",
    "AISUDO_REASON='certificate renewed' sudo systemctl reload nginx",
    "sudo apt-get install -y nginx",
    "sudo apt-get install -y nginx",
];

/// Builds what the picture needs as the person who calls, then goes on as root.
pub(crate) fn prepare() -> Result<()> {
    setup::setup()?;
    build_artefacts()?;
    if is_root() {
        return alone();
    }
    again_as_root(
        &["picture-as-root".to_owned()],
        "to mount a private world in which the program is run",
    )
}

/// Goes on where there are no other processes: those above the agent's sudo are in the picture, and
/// must not be this machine's.
pub(crate) fn alone() -> Result<()> {
    let this =
        std::env::current_exe().map_err(|error| format!("cannot find this program: {error}"))?;
    run_command(
        Command::new("unshare")
            .args(["--pid", "--fork", "--mount-proc", "--kill-child", "--"])
            .args(["bash", "-c", r#""$0" picture-alone & wait $!"#])
            .arg(this),
    )
}

/// The picture itself. Called as root, with everything built, under a first process of its own.
pub(crate) fn take() -> Result<()> {
    // The world hides parts of the file system, so the file is written when it is gone.
    let svg = in_world()?;
    let path = checkout().join(FILE);
    std::fs::write(&path, svg).map_err(|error| format!("cannot write {FILE}: {error}"))?;
    eprintln!("xtask: {FILE} is written; look at it before you commit it");
    Ok(())
}

/// Starts this line and lets go of it: its shell is nobody's child when it comes to sudo.
fn agent(world: &World, line: &str) -> Running {
    world.run_as("agent").shell(&format!(
        r#"( me=$BASHPID; while [ $(ps -o ppid= -p $me) -ne 1 ]; do sleep 0.05; done; {line}; : ) & exit"#
    ))
}

fn in_world() -> Result<String> {
    let world = World::new();
    world.config(&DEFAULT_CONFIG.replace("timeout = 20", "timeout = 90"));
    let _daemon = world.start_daemon();
    let mut asking: Vec<Running> = Vec::new();
    for line in ASKED {
        asking.push(agent(&world, line));
        world.wait_for_requests(asking.len());
    }
    let mut watch = world.run_as("owner").with_tty().shell(&format!(
        "stty cols {COLUMNS} rows {ROWS}; exec aisudo watch"
    ));
    let deadline = Instant::now() + PATIENCE;
    loop {
        let screen = parse(&watch.tty())?;
        let text = screen.screen().contents();
        // A whole frame, in which keys decide.
        if text.contains("ARMED") && text.contains("? help") {
            let svg = picture(screen.screen());
            watch.type_in("q");
            watch.wait(PATIENCE);
            return Ok(svg);
        }
        if Instant::now() > deadline {
            return Err(format!("aisudo watch shows something else:\n{text}"));
        }
        std::thread::sleep(Duration::from_millis(50));
    }
}

fn parse(written: &str) -> Result<Parser> {
    let some = |count| NonZero::new(count).ok_or("a screen has rows and columns");
    let mut parser = Parser::new(some(ROWS)?, some(COLUMNS)?, 0);
    parser.process(written.as_bytes());
    Ok(parser)
}

/// Sizes in pixels.
const CELL_WIDTH: f32 = 8.4;
const CELL_HEIGHT: f32 = 18.0;
const MARGIN: f32 = 14.0;
const TITLE: f32 = 34.0;
/// From the top of a row to the line on which letters stand.
const BASE: f32 = 13.5;

const PAPER: &str = "#16181d";
const INK: &str = "#d8dae0";
const FAINT: &str = "#8b909c";

/// The screen in a window, as SVG.
fn picture(screen: &Screen) -> String {
    let width = f32::from(COLUMNS) * CELL_WIDTH + 2.0 * MARGIN;
    let height = f32::from(ROWS) * CELL_HEIGHT + TITLE + MARGIN;
    let mut svg = format!(
        r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0} {height:.0}" width="{width:.0}" height="{height:.0}" role="img" aria-label="aisudo watch in a terminal">
<rect width="{width:.0}" height="{height:.0}" rx="10" fill="{PAPER}"/>
<g fill="#3a3e48"><circle cx="20" cy="17" r="6"/><circle cx="40" cy="17" r="6"/><circle cx="60" cy="17" r="6"/></g>
<g font-family="ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, monospace" font-size="14" xml:space="preserve">
<text x="{middle:.0}" y="22" fill="{FAINT}" text-anchor="middle">aisudo watch</text>
"##,
        middle = width / 2.0,
    );
    for row in 0..ROWS {
        let mut column = 0;
        while column < COLUMNS {
            let end = same_look(screen, row, column);
            run(screen, row, column..end, &mut svg);
            column = end;
        }
    }
    svg.push_str("</g>\n</svg>\n");
    svg
}

/// Until which column the cells of this row look alike.
fn same_look(screen: &Screen, row: u16, from: u16) -> u16 {
    let look = |column| screen.cell(row, column).map(Look::of);
    let first = look(from);
    (from + 1..COLUMNS)
        .find(|column| look(*column) != first)
        .unwrap_or(COLUMNS)
}

/// Cells that look alike, as one text.
fn run(screen: &Screen, row: u16, columns: std::ops::Range<u16>, svg: &mut String) {
    let Some(look) = screen.cell(row, columns.start).map(Look::of) else {
        return;
    };
    let x = MARGIN + f32::from(columns.start) * CELL_WIDTH;
    let y = TITLE + f32::from(row) * CELL_HEIGHT;
    let (ink, paper) = look.colours();
    if let Some(paper) = paper {
        let width = f32::from(columns.end - columns.start) * CELL_WIDTH;
        let _ = writeln!(
            svg,
            r#"<rect x="{x:.1}" y="{y:.1}" width="{width:.1}" height="{CELL_HEIGHT}" fill="{paper}"/>"#
        );
    }
    let text: String = columns
        .filter_map(|column| screen.cell(row, column))
        .filter(|cell| !cell.is_wide_continuation())
        .map(|cell| {
            if cell.has_contents() {
                cell.contents()
            } else {
                " "
            }
        })
        .collect();
    let begin = text.chars().take_while(|c| *c == ' ').count();
    let text = text.trim_matches(' ');
    let count = text.chars().count();
    if count == 0 {
        return;
    }
    let x = x + CELL_WIDTH * f32::from(u16::try_from(begin).unwrap_or(0));
    let length = CELL_WIDTH * f32::from(u16::try_from(count).unwrap_or(0));
    let weight = if look.bold {
        r#" font-weight="bold""#
    } else {
        ""
    };
    let base = y + BASE;
    let _ = writeln!(
        svg,
        r#"<text x="{x:.1}" y="{base:.1}" fill="{ink}"{weight} textLength="{length:.1}">{}</text>"#,
        escaped(text)
    );
}

#[derive(PartialEq, Eq)]
struct Look {
    ink: Color,
    bold: bool,
    dim: bool,
    inverse: bool,
}

impl Look {
    fn of(cell: &Cell) -> Self {
        Self {
            ink: cell.fgcolor(),
            bold: cell.bold(),
            dim: cell.dim(),
            inverse: cell.inverse(),
        }
    }

    /// Of letters, and of what is behind them where that is not the paper.
    fn colours(&self) -> (&'static str, Option<&'static str>) {
        let ink = match self.ink {
            Color::Idx(1 | 9) => "#ff6b6b",
            Color::Idx(2 | 10) => "#6fd08c",
            Color::Idx(3 | 11) => "#f0c05a",
            Color::Idx(6 | 14) => "#6cc7e0",
            _ if self.dim => FAINT,
            _ => INK,
        };
        if self.inverse {
            (PAPER, Some(ink))
        } else {
            (ink, None)
        }
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_holds_the_text_and_its_looks() {
        let parser = parse("\x1b[1;33m! a < b\x1b[0m  \x1b[7m&\x1b[0m").unwrap();
        let svg = picture(parser.screen());
        for part in [
            "fill=\"#f0c05a\" font-weight=\"bold\" textLength=\"58.8\">! a &lt; b</text>",
            "fill=\"#16181d\" textLength=\"8.4\">&amp;</text>",
        ] {
            assert!(svg.contains(part), "{part}:\n{svg}");
        }
    }
}

//! What a phone scans.

use std::io::{self, IsTerminal as _};

use qrcode::{EcLevel, QrCode, render::unicode::Dense1x2};
use rustix::termios::tcgetwinsize;

/// White on black, whatever the terminal's colours are.
const WHITE_ON_BLACK: &str = "\x1b[97;40m";
const PLAIN: &str = "\x1b[0m";

/// The link as a QR code for standard output, or why it is not drawn there.
pub(crate) fn shown(uri: &str) -> Result<String, String> {
    let stdout = io::stdout();
    let code = draw(uri)?;
    let width = code.first().map_or(0, |row| row.chars().count());
    match tcgetwinsize(&stdout) {
        Ok(size) if width > usize::from(size.ws_col) && size.ws_col > 0 => Ok(format!(
            "(A QR code does not fit here: it has {width} columns. Make the window wider and begin again, or use the link.)\n"
        )),
        _ => Ok(rows(&code, stdout.is_terminal())),
    }
}

/// Its rows, in characters of which the light parts are drawn.
fn draw(uri: &str) -> Result<Vec<String>, String> {
    let code = QrCode::with_error_correction_level(uri, EcLevel::L).map_err(|error| {
        format!("the link makes no QR code: {error}; scan it from another program")
    })?;
    let drawn = code
        .render::<Dense1x2>()
        .dark_color(Dense1x2::Light)
        .light_color(Dense1x2::Dark)
        .build();
    Ok(drawn.lines().map(str::to_owned).collect())
}

/// Without `colours`, a terminal that is dark on light shows it the wrong way round, which many phones
/// read as well.
fn rows(code: &[String], colours: bool) -> String {
    code.iter()
        .map(|row| match colours {
            true => format!("{WHITE_ON_BLACK}{row}{PLAIN}\n"),
            false => format!("{row}\n"),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_is_drawn_with_light_around_it() {
        let uri = "sgnl://linkdevice?uuid=8JXk2wAAQb%2BAAA%3D%3D&pub_key=BQ%2Fabc-_~.";
        let code = draw(uri).unwrap();
        let drawn: Vec<Vec<char>> = code.iter().map(|line| line.chars().collect()).collect();
        let width = drawn[0].len();
        assert!(drawn.iter().all(|row| row.len() == width) && width <= 80);
        // The quiet zone: four modules are two rows, and four columns.
        let light = |row: &Vec<char>| row.iter().all(|c| *c == '█');
        assert!(light(&drawn[0]) && light(&drawn[1]) && !light(&drawn[2]));
        let (_, whole) = drawn.split_last().unwrap();
        assert!(whole.iter().all(|row| row[..4] == ['█'; 4]));
        // The corner of a finder: seven dark modules, drawn as nothing in the upper half.
        assert_eq!(drawn[2][4..12].iter().collect::<String>(), " ▄▄▄▄▄ █");
        let coloured = rows(&code, true);
        assert_eq!(
            coloured.replace(WHITE_ON_BLACK, "").replace(PLAIN, ""),
            rows(&code, false)
        );
        assert_eq!(coloured.matches(WHITE_ON_BLACK).count(), drawn.len());
    }
}

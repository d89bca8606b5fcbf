//! What a phone scans.

use qrcode::{EcLevel, QrCode, render::unicode::Dense1x2};

/// White on black, whatever the terminal's colours are.
const WHITE_ON_BLACK: &str = "\x1b[97;40m";
const PLAIN: &str = "\x1b[0m";

/// The link as a QR code of characters, in which the light parts are drawn. Without `colours`, a
/// terminal that is dark on light shows it the wrong way round, which many phones read as well.
pub(crate) fn draw(uri: &str, colours: bool) -> Result<String, String> {
    let code = QrCode::with_error_correction_level(uri, EcLevel::L).map_err(|error| {
        format!("the link makes no QR code: {error}; scan it from another program")
    })?;
    let drawn = code
        .render::<Dense1x2>()
        .dark_color(Dense1x2::Light)
        .light_color(Dense1x2::Dark)
        .build();
    Ok(drawn
        .lines()
        .map(|row| match colours {
            true => format!("{WHITE_ON_BLACK}{row}{PLAIN}\n"),
            false => format!("{row}\n"),
        })
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_is_drawn_with_light_around_it() {
        let uri = "sgnl://linkdevice?uuid=8JXk2wAAQb%2BAAA%3D%3D&pub_key=BQ%2Fabc-_~.";
        let drawn = draw(uri, false).unwrap();
        let rows: Vec<Vec<char>> = drawn.lines().map(|line| line.chars().collect()).collect();
        let width = rows[0].len();
        assert!(rows.iter().all(|row| row.len() == width) && width <= 80);
        // The quiet zone: four modules are two rows, and four columns.
        let light = |row: &Vec<char>| row.iter().all(|c| *c == '█');
        assert!(light(&rows[0]) && light(&rows[1]) && !light(&rows[2]));
        let (_, whole) = rows.split_last().unwrap();
        assert!(whole.iter().all(|row| row[..4] == ['█'; 4]));
        // The corner of a finder: seven dark modules, drawn as nothing in the upper half.
        assert_eq!(rows[2][4..12].iter().collect::<String>(), " ▄▄▄▄▄ █");
        let coloured = draw(uri, true).unwrap();
        assert_eq!(
            coloured.replace(WHITE_ON_BLACK, "").replace(PLAIN, ""),
            drawn
        );
        assert_eq!(coloured.matches(WHITE_ON_BLACK).count(), rows.len());
    }
}

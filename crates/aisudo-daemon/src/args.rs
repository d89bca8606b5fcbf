//! The command line.

use std::ffi::OsString;

use aisudo_core::paths::Paths;

const HELP: &str = "aisudo-daemon: asks people before a command gets root

usage: aisudo-daemon [--root DIR]

  --root DIR   look for every file and socket below DIR
  --version    say the version
  --help       say this

AISUDO_LOG sets the log level (error, warn, info, debug).
";

/// What the command line asks for.
#[derive(Debug)]
pub(crate) enum Args {
    /// Print this.
    Say(String),
    /// Be the daemon of these paths.
    Run(Paths),
}

impl Args {
    /// Reads the command line, without the program's name.
    ///
    /// # Errors
    /// One line, when it is not understood.
    pub(crate) fn parse(mut args: impl Iterator<Item = OsString>) -> Result<Self, String> {
        let mut paths = Paths::default();
        while let Some(arg) = args.next() {
            match arg.to_str() {
                Some("--root") => {
                    let root = args.next().ok_or("--root needs a directory")?;
                    // Later the working directory is another.
                    let root =
                        std::path::absolute(root).map_err(|error| format!("--root: {error}"))?;
                    paths = Paths::under(root);
                }
                Some("--version") => {
                    return Ok(Self::Say(format!(
                        "aisudo-daemon {}\n",
                        env!("CARGO_PKG_VERSION")
                    )));
                }
                Some("--help" | "-h") => return Ok(Self::Say(HELP.to_owned())),
                _ => return Err(format!("{} is not understood; try --help", arg.display())),
            }
        }
        Ok(Self::Run(paths))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(words: &[&str]) -> Result<Args, String> {
        Args::parse(words.iter().map(OsString::from))
    }

    #[test]
    fn the_command_line_is_short() {
        assert!(matches!(parse(&[]), Ok(Args::Run(paths)) if paths == Paths::default()));
        assert!(
            matches!(parse(&["--root", "/x"]), Ok(Args::Run(paths)) if paths == Paths::under("/x"))
        );
        assert!(
            matches!(parse(&["--version"]), Ok(Args::Say(text)) if text.starts_with("aisudo-daemon 0"))
        );
        assert_eq!(parse(&["--root"]).unwrap_err(), "--root needs a directory");
        assert_eq!(
            parse(&["-x"]).unwrap_err(),
            "-x is not understood; try --help"
        );
    }
}

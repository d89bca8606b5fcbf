//! `vectors/show.json`, what this crate and the app's `show` both must do, and `app/src/show/table.ts`, what the
//! app knows of Unicode. Both are made here: `AISUDO_VECTORS=write cargo test -p aisudo-core --test show`
//! writes them anew.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test"
)]

mod characters;
mod form;
mod refused;
mod requests;
#[path = "../../src/render/tests/sample.rs"]
mod sample;
mod table;
mod texts;

use std::{fs, path::Path};

/// Where `sample` looks for them.
use aisudo_core::{raw, request, sudo_argv};

use form::Vectors;

#[test]
fn the_vectors_are_what_is_made_here() {
    let vectors = Vectors {
        about: [
            "What crates/aisudo-core and app/src/show must both do. Made by",
            "`AISUDO_VECTORS=write cargo test -p aisudo-core --test show`. Bytes are hexadecimal.",
        ]
        .map(str::to_owned)
        .into(),
        display: texts::display(),
        words: texts::command_lines(),
        characters: characters::groups(),
        beside: characters::letters(),
        requests: requests::cases(),
        refused: refused::cases(),
    };
    compare("vectors/show.json", &vectors.json());
}

#[test]
fn the_apps_table_is_what_is_made_here() {
    compare("app/src/show/table.ts", &table::made());
}

/// Writes the file if that is wanted, and in any case compares it.
fn compare(name: &str, made: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .join(name);
    if std::env::var_os("AISUDO_VECTORS").is_some_and(|word| word == "write") {
        fs::write(&path, made).unwrap();
    }
    // Not by assert_eq: nobody wants to see both on a screen.
    assert!(
        fs::read_to_string(&path).unwrap() == made,
        "{name} is out of date: is the change meant? Then write it anew"
    );
}

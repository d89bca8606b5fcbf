//! `vectors/seal.json`: what this crate and the app's `seal` both must do. The file is made here, from a
//! fixed seed; `AISUDO_VECTORS=write cargo test -p aisudo-seal --test vectors` writes it anew.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test"
)]

mod form;
mod make;
mod proofs;
mod run;

use std::{fs, path::PathBuf};

use form::Vectors;

fn path() -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "../../vectors/seal.json"]
        .iter()
        .collect()
}

fn vectors() -> Vectors {
    let text = fs::read_to_string(path()).unwrap();
    serde_json::from_str(&text).unwrap()
}

#[test]
fn the_file_is_what_is_made_here() {
    let made = serde_json::to_string_pretty(&make::vectors()).unwrap() + "\n";
    if std::env::var_os("AISUDO_VECTORS").is_some_and(|word| word == "write") {
        fs::write(path(), &made).unwrap();
    }
    // Not by assert_eq: nobody wants to see both on a screen.
    assert!(
        fs::read_to_string(path()).unwrap() == made,
        "vectors/seal.json is out of date: is the change of the form meant? Then write it anew"
    );
}

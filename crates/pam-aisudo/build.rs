//! Links the PAM library. On Linux by its run-time name: it is there wherever sudo is, its development
//! files are not. A Mac has it in its SDK.

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    let target = std::env::var("CARGO_CFG_TARGET_OS").unwrap_or_default();
    let library = if target == "macos" {
        "-lpam"
    } else {
        "-l:libpam.so.0"
    };
    println!("cargo:rustc-link-arg-cdylib={library}");
}

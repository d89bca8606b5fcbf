//! Links the PAM library by its run-time name: it is there wherever sudo is, its development files
//! are not.

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rustc-link-arg-cdylib=-l:libpam.so.0");
}

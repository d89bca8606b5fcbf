//! Makes the app's files part of the daemon: those of `app/dist`, where `cargo xtask app` puts them. Without
//! them there is one page that says so, so that a plain `cargo build` needs nothing but Rust.

#![allow(
    clippy::print_stdout,
    reason = "that is how a build script speaks to Cargo"
)]

use std::{
    collections::hash_map::DefaultHasher,
    env,
    error::Error,
    fmt::Write as _,
    fs,
    hash::{Hash, Hasher},
    path::{Path, PathBuf},
};

/// Served when there is no app.
const PLACEHOLDER: &str = "<!doctype html><html lang=\"en\"><title>aisudo</title>\
    <p>This aisudo-daemon was built without the phone app. Build it with: cargo xtask app\n";

fn main() -> Result<(), Box<dyn Error>> {
    let manifest = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?);
    let out = PathBuf::from(env::var("OUT_DIR")?);
    let app = manifest.join("../../app");
    let dist = app.join("dist");
    // A path that is missing would count as changed each time.
    let watched = [&dist, &app].into_iter().find(|path| path.is_dir());
    let watched = watched.map_or_else(|| manifest.join("build.rs"), PathBuf::clone);
    println!("cargo::rerun-if-changed={}", watched.display());
    let mut files = Vec::new();
    collect(&dist, &dist, &mut files);
    files.sort();
    if files.is_empty() {
        let placeholder = out.join("index.html");
        fs::write(&placeholder, PLACEHOLDER)?;
        files.push(("/index.html".to_owned(), placeholder));
    }
    let mut code = String::from("const FILES: &[File] = &[\n");
    for (path, file) in &files {
        let mut hash = DefaultHasher::new();
        fs::read(file)?.hash(&mut hash);
        let (kind, tag) = (kind(path), format!("\"{:016x}\"", hash.finish()));
        let source = file.canonicalize()?;
        writeln!(
            code,
            "File {{ path: {path:?}, kind: {kind:?}, tag: {tag:?}, bytes: include_bytes!({source:?}) }},"
        )?;
    }
    code.push_str("];\n");
    fs::write(out.join("app_files.rs"), code)?;
    Ok(())
}

/// All files below a directory, by the path they are asked for with.
fn collect(directory: &Path, root: &Path, files: &mut Vec<(String, PathBuf)>) {
    for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            collect(&path, root, files);
        } else if let Some(name) = path.strip_prefix(root).ok().and_then(Path::to_str) {
            files.push((format!("/{name}"), path.clone()));
        }
    }
}

fn kind(path: &str) -> &'static str {
    match path.rsplit('.').next().unwrap_or_default() {
        "html" => "text/html; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "json" => "application/json",
        "webmanifest" => "application/manifest+json",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "ico" => "image/x-icon",
        "txt" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

#![allow(dead_code)]
mod edit;
mod file;
mod place;
mod qr;

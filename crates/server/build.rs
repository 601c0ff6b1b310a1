//! Has the crate built anew where the web app was.

fn main() {
    println!("cargo::rerun-if-changed=../../web/dist");
}

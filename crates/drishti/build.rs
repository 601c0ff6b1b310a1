//! Builds the program anew when a shipped policy changes.

fn main() {
    println!("cargo::rerun-if-changed=../../policies");
}

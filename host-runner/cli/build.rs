//! Embeds a component in the command where `ASYMBL_EMBED` names one, as a release build does.

use std::env;

fn main() {
    println!("cargo:rerun-if-env-changed=ASYMBL_EMBED");
    println!("cargo:rustc-check-cfg=cfg(embedded)");
    if let Ok(path) = env::var("ASYMBL_EMBED") {
        println!("cargo:rerun-if-changed={path}");
        println!("cargo:rustc-env=ASYMBL_EMBED={path}");
        println!("cargo:rustc-cfg=embedded");
    }
}

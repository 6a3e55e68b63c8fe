//! The build script of every function: links it to lie at a fixed address.
//!
//! Elsewhere, the loader would write 60 000 addresses when it starts, most of them
//! in the tables of time zones, and so copy some hundred pages: a quarter of the
//! time to the first answer. What that gives up is that an attacker cannot know
//! where the code lies; heap, stack and libraries lie where they did.

fn main() {
    // Nothing else is read.
    println!("cargo:rerun-if-env-changed=CARGO_CFG_TARGET_ENV");
    let target = |name: &str| std::env::var(format!("CARGO_CFG_TARGET_{name}"));
    if target("OS").as_deref() == Ok("linux") && target("ENV").as_deref() == Ok("gnu") {
        println!("cargo:rustc-link-arg-bins=-no-pie");
    }
}

//! The build script of every function: links it to lie at a fixed address.
//!
//! Elsewhere, the loader would write tens of thousands of addresses when it starts:
//! a tenth of the time to the first answer, and 0.1 MB of the package. What that gives
//! up is that an attacker cannot know where the code lies; heap, stack and libraries
//! lie where they did.

fn main() {
    // Nothing else is read.
    println!("cargo:rerun-if-env-changed=CARGO_CFG_TARGET_ENV");
    let target = |name: &str| std::env::var(format!("CARGO_CFG_TARGET_{name}"));
    if target("OS").as_deref() == Ok("linux") && target("ENV").as_deref() == Ok("gnu") {
        println!("cargo:rustc-link-arg-bins=-no-pie");
    }
}

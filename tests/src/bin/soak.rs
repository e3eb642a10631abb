//! Opens very many connections to a guest's echo server, and sees whether it is afterwards as it was before.

#[cfg(not(target_family = "wasm"))]
fn main() -> anyhow::Result<()> {
    conformance::soak::main()
}

#[cfg(target_family = "wasm")]
fn main() {
    eprintln!("this runs natively: it starts a guest of its own");
}

//! A guest that knows nothing of this project: stock mio 1.2.5 from the registry, unchanged, on this host.

#![cfg(not(target_family = "wasm"))]

use std::fs;
use std::net::{SocketAddr, TcpListener};
use std::path::Path;

use anyhow::{Context, Result, ensure};
use conformance::running::Running;
use conformance::{build, example, verdict, wasip1};

#[test]
fn a_stock_mio_guest_runs_on_the_host() -> Result<()> {
    let module = build::stranger("stock_mio", &crate_from_template()?)?;
    // It can't tell where it listens, so somebody else has to know: this port was free a moment ago.
    let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
    serve(&module, address)
}

fn serve(module: &Path, address: SocketAddr) -> Result<()> {
    let (said, mut heard, _) = verdict::lines();
    let mut guest = Running::start(wasip1::host(&[address]).arg(module), said)?;
    match heard.next_line() {
        Ok(line) => ensure!(line == "ready", "{line}"),
        Err(error) => return Err(error.context(guest.stop())),
    }

    let mut clients = (0..20).map(|_| example::connect(address)).collect::<Result<Vec<_>>>()?;
    for round in 0..5 {
        for (number, client) in clients.iter_mut().enumerate() {
            example::echo(client, format!("{round} of {number}").as_bytes())?;
        }
        example::echo(&mut clients[round], &[b'x'; 5000])?;
        // One leaves, one is lost, and one comes.
        drop(clients.remove(0));
        example::reset(clients.remove(0))?;
        clients.push(example::connect(address)?);
    }
    Ok(())
}

/// A package of its own workspace, in this one's target directory.
fn crate_from_template() -> Result<std::path::PathBuf> {
    let root = build::target_directory()?.join("tmp").join("stock_mio");
    fs::create_dir_all(root.join("src"))?;
    let tests = Path::new(env!("CARGO_MANIFEST_DIR"));
    let template = tests.join("templates/stock_mio");
    for (from, to) in [
        (template.join("manifest.toml"), "Cargo.toml"),
        (template.join("main.rs"), "src/main.rs"),
        // The same versions of what mio itself depends on.
        (tests.join("../Cargo.lock"), "Cargo.lock"),
    ] {
        fs::copy(&from, root.join(to)).with_context(|| format!("copy {}", from.display()))?;
    }
    Ok(root)
}

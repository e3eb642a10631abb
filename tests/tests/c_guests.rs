//! Guests in C, which know of sockets what wasi-libc knows: files, and poll(2). Compiled where clang and wasi-libc are.

#![cfg(not(target_family = "wasm"))]

use std::env;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;

use anyhow::{Context, Result, ensure};
use conformance::example::{self, Example};
use conformance::peer::PATIENCE;
use conformance::{native, skip, wasip1};
use tempfile::TempDir;

/// Names the clang that `setup/c-guest` found.
const CLANG: &str = "WASI_POLL_CLANG";

#[test]
fn an_echo_server_in_c_listens_and_polls() -> Result<()> {
    let Some((_directory, module)) = compiled("echo", "an_echo_server_in_c_listens_and_polls")? else {
        return Ok(());
    };
    let server = Example::start(host(&["--allow-listen", "127.0.0.1"], &module).arg("127.0.0.1:0"))?;
    let mut clients = (0..10).map(|_| server.connect()).collect::<Result<Vec<_>>>()?;
    for round in 0..5 {
        for (number, client) in clients.iter_mut().enumerate() {
            example::echo(client, format!("{round} of {number}").as_bytes())?;
        }
        example::echo(&mut clients[round], &[b'x'; 10_000])?;
        // One leaves, one is lost, and one comes.
        drop(clients.remove(0));
        example::reset(clients.remove(0))?;
        clients.push(server.connect()?);
    }
    // More than it has room for: the rest wait until somebody leaves.
    let mut more = (0..20).map(|_| server.connect()).collect::<Result<Vec<_>>>()?;
    drop(clients);
    while let Some(mut client) = more.pop() {
        if more.len() < 10 {
            example::echo(&mut client, b"in the end")?;
        }
    }
    Ok(())
}

#[test]
fn a_preopened_listener_is_opened_by_its_address_in_c() -> Result<()> {
    let Some((_directory, module)) = compiled("echo", "a_preopened_listener_is_opened_by_its_address_in_c")?
    else {
        return Ok(());
    };
    // The grant is of something else, and brings the directory.
    let address = TcpListener::bind((native::unshared_ip(), 0))?.local_addr()?.to_string();
    let flags = ["--listen", &address, "--allow-connect", "127.0.0.1:1"];
    let server = Example::start(host(&flags, &module).arg(&address))?;
    ensure!(server.address.to_string() == address, "{}", server.address);
    example::echo(&mut server.connect()?, b"claimed")
}

#[test]
fn a_client_in_c_connects_and_polls() -> Result<()> {
    let Some((_directory, module)) = compiled("connect", "a_client_in_c_connects_and_polls")? else {
        return Ok(());
    };
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?.to_string();
    let echoing = thread::spawn(move || -> Result<()> {
        let (stream, _) = listener.accept()?;
        stream.set_read_timeout(Some(PATIENCE))?;
        std::io::copy(&mut &stream, &mut &stream)?;
        Ok(())
    });
    let output =
        host(&["--allow-connect", "127.0.0.1"], &module).args([&address, "hello from C"]).output()?;
    ensure!(output.status.success() && output.stdout == b"hello from C", "{output:?}");
    echoing.join().expect("echoing doesn't panic")?;

    // Nobody listens there any more; and nobody may be asked elsewhere.
    for (rule, told) in [("127.0.0.1", "Connection refused"), ("127.0.0.9", "Permission denied")] {
        let output = host(&["--allow-connect", rule], &module).args([&address, "anybody?"]).output()?;
        let complaints = String::from_utf8_lossy(&output.stderr).into_owned();
        ensure!(output.status.code() == Some(1) && complaints.contains(told), "{complaints}");
    }
    Ok(())
}

fn host(flags: &[&str], module: &Path) -> Command {
    let mut command = wasip1::host(&[]);
    command.args(flags).arg(module);
    command
}

/// A guest of `guest-examples/c`, and the directory that it is in; `None` where this machine can't compile it, which
/// `test` then says.
fn compiled(program: &str, test: &str) -> Result<Option<(TempDir, PathBuf)>> {
    let directory = tempfile::tempdir()?;
    let clang = env::var_os(CLANG).unwrap_or("clang".into());
    let compile = |source: &Path, module: &Path| {
        let mut command = Command::new(&clang);
        command
            .args(["--target=wasm32-wasi", "-O2", "-Wall", "-Wextra", "-Werror", "-o"])
            .arg(module)
            .arg(source);
        command.output()
    };
    let empty = directory.path().join("empty.c");
    std::fs::write(&empty, "int main(void) { return 0; }\n")?;
    if !compile(&empty, &directory.path().join("empty.wasm")).is_ok_and(|output| output.status.success()) {
        skip::test(test, "no clang for wasm32-wasi with wasi-libc is here (setup/c-guest)")?;
        return Ok(None);
    }
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("../guest-examples/c").join(program);
    let module = directory.path().join(program).with_extension("wasm");
    let output = compile(&source.with_extension("c"), &module).context("clang was there")?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Ok(Some((directory, module)))
}

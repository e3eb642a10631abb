//! `bench-wasmtime46 --listen ADDRESS GUEST.wasm`: what wasmtime's `--tcplisten` did as long as there was one.
#![forbid(unsafe_code)]

use std::env;
use std::net;

use wasi_common::WasiCtx;
use wasi_common::sync::{self, TcpListener, WasiCtxBuilder};
use wasmtime::error::Context;
use wasmtime::{Engine, Linker, Module, Result, Store, bail};

fn main() -> Result<()> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let ["--listen", address, guest, ..] = arguments.iter().map(String::as_str).collect::<Vec<_>>()[..]
    else {
        bail!("usage: bench-wasmtime46 --listen ADDRESS GUEST.wasm");
    };
    let listener = net::TcpListener::bind(address).with_context(|| format!("cannot listen on {address}"))?;
    listener.set_nonblocking(true)?;

    let engine = Engine::default();
    let module = Module::from_file(&engine, guest)?;
    let mut linker: Linker<WasiCtx> = Linker::new(&engine);
    sync::add_to_linker(&mut linker, |context| context)?;

    let mut context = WasiCtxBuilder::new();
    context.inherit_stdio().arg(guest)?.env("LISTEN_FDS", "1")?.env("LISTEN_FDNAMES", "unknown")?;
    context.preopened_socket(3, TcpListener::from_std(listener))?;
    let mut store = Store::new(&engine, context.build());
    let instance = linker.instantiate(&mut store, &module)?;
    instance.get_typed_func::<(), ()>(&mut store, "_start")?.call(&mut store, ())?;
    Ok(())
}

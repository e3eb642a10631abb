//! One run of a component: its store, its runtime, and how it ended.

use super::super::Module;
use super::super::epoch::interrupt_with;
use super::super::instance::{cannot_run, outcome};
use super::super::limiter::Limiter;
use super::super::module::Code;
use super::command::Command;
use super::sockets::{self, Network};
use super::stdio::{Input, Output};
use crate::permits::Permits;
use crate::preopens::Directory;
use crate::refusals::Refusals;
use crate::stdio::{STDERR, STDOUT, Stdio};
use crate::watchdog::CpuMeter;
use crate::{Killer, Limits, Outcome, RunError};
use std::future::poll_fn;
use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::task::Poll;
use tokio::runtime::Builder;
use tokio::sync::Notify;
use wasmtime::component::{ResourceTable, ResourceTableError};
use wasmtime::{Error, Result, Store, WasmBacktrace};
use wasmtime_wasi::sockets::WasiSocketsCtxView;
use wasmtime_wasi::{FsPerms, I32Exit, WasiCtx, WasiCtxBuilder, WasiCtxView, WasiView};

/// What a component holds for one fd at most: the socket, its two streams, and what each is polled by.
const RESOURCES_PER_FD: usize = 8;

/// All that a component is given.
#[derive(Debug)]
pub struct ComponentSetup {
    pub arguments: Vec<String>,
    pub variables: Vec<(String, String)>,
    pub directories: Vec<Directory>,
    pub stdio: Stdio,
    pub permits: Permits,
    pub refusals: Refusals,
    pub limits: Limits,
    pub killer: Killer,
    pub cpu_meter: Option<CpuMeter>,
}

/// What a running component's store holds.
pub struct State {
    wasi: WasiCtx,
    table: ResourceTable,
    network: Arc<Network>,
    limiter: Limiter,
}

impl WasiView for State {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: &mut self.wasi, table: &mut self.table }
    }
}

impl State {
    /// Its sockets, and what of the network it was granted.
    pub fn network(&mut self) -> (WasiSocketsCtxView<'_>, &Network) {
        (WasiSocketsCtxView { ctx: self.wasi.sockets(), table: &mut self.table }, &self.network)
    }
}

/// Runs a component on this thread, to its end.
pub fn run_component(module: &Module, setup: ComponentSetup) -> Result<Outcome, RunError> {
    let cannot = |error: &Error| cannot_run(module, error);
    let Code::Component(command) = &module.code else {
        return Err(cannot(&Error::msg("it is no component")));
    };
    // A thread of its own for the system's events: a guest that never waits would not hear of any else.
    let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build();
    let runtime = runtime.map_err(|error| cannot(&error.into()))?;
    let ended = runtime.block_on(run_or_kill(command, setup));
    // A look-up of a name that nobody waits for any more may still block one of its threads.
    runtime.shutdown_background();
    match ended? {
        None => Ok(Outcome::Killed),
        Some(Ok(outcome)) => Ok(outcome),
        Some(Err(error)) => Err(cannot(&error)),
    }
}

/// Runs it until it ends or its switch is pulled, whichever is first. What it waits for is given up then.
async fn run_or_kill(command: &Command, setup: ComponentSetup) -> Result<Option<Result<Outcome>>, RunError> {
    let (limits, killer, meter) = (setup.limits, setup.killer.clone(), setup.cpu_meter.clone());
    let mut store = Store::new(command.engine(), state(setup)?);
    store.limiter(|state| &mut state.limiter);
    interrupt_with(&mut store, &killer, meter);
    let pulled = Arc::new(Notify::new());
    let wake = Arc::clone(&pulled);
    killer.on_kill(move || wake.notify_one());

    let mut pulled = pin!(pulled.notified());
    let mut running = pin!(run(command, &mut store, limits));
    Ok(poll_fn(|cx| match pulled.as_mut().poll(cx) {
        Poll::Ready(()) => Poll::Ready(None),
        Poll::Pending => running.as_mut().poll(cx).map(Some),
    })
    .await)
}

/// Runs it to its end. An error is that it never began.
async fn run(command: &Command, store: &mut Store<State>, limits: Limits) -> Result<Outcome> {
    let program = match command.instantiate_async(&mut *store).await {
        Ok(program) => program,
        // A start function ran, and ended it; else it never began.
        Err(error) if error.is::<WasmBacktrace>() => return Ok(end(error, limits)),
        Err(error) => return Err(error),
    };
    Ok(match program.wasi_cli_run().call_run(store).await {
        Ok(Ok(())) => Outcome::Exited(0),
        Ok(Err(())) => Outcome::Exited(1),
        Err(error) => end(error, limits),
    })
}

fn end(error: Error, limits: Limits) -> Outcome {
    if let Some(I32Exit(code)) = error.downcast_ref() {
        return Outcome::Exited(code.cast_unsigned());
    }
    let is_full = matches!(error.downcast_ref(), Some(ResourceTableError::Full));
    match outcome(Err(error)) {
        Outcome::Trapped { backtrace, .. } if is_full => {
            let message = format!("it holds more than its limit of {} fds; --max-fds sets it", limits.fds);
            Outcome::Trapped { message, backtrace }
        }
        ended => ended,
    }
}

fn state(setup: ComponentSetup) -> Result<State, RunError> {
    let mut builder = WasiCtxBuilder::new();
    // A guest has this thread to itself.
    builder.allow_blocking_current_thread(true).args(&setup.arguments).envs(&setup.variables);
    let stdio = Arc::new(Mutex::new(setup.stdio));
    builder.stdin(Input::new(&stdio)).stdout(Output::new(&stdio, STDOUT)).stderr(Output::new(&stdio, STDERR));
    for Directory { host, guest } in &setup.directories {
        builder.preopened_dir(host, guest, FsPerms::ReadWrite).map_err(|error| {
            RunError::new(format!("cannot give the guest the directory {}: {error:#}", host.display()))
        })?;
    }
    let limiter = Limiter::new(setup.limits, setup.refusals.clone());
    let network = Arc::new(Network::new(setup.permits, setup.refusals));
    sockets::grant(&mut builder, &network);
    let mut table = ResourceTable::new();
    table.set_max_capacity(setup.limits.fds as usize * RESOURCES_PER_FD);
    Ok(State { wasi: builder.build(), table, network, limiter })
}

//! From the command line to runners: what each worker is given, and what is said of it before it starts.

use crate::cli::{Listen, Run};
use crate::inherited::Socket;
use crate::{live, say};
use std::collections::HashSet;
use std::fs::File;
use std::io;
use std::net::TcpListener;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use wasi_poll_host::{Killer, Module, REFUSALS_TOLD, Refusal, Runner};
use wasi_poll_trace::live::Live;

/// The guest's runners: one, or as many as there are workers. `killer` ends them all.
pub fn runners(
    command: &Run,
    module: &Module,
    killer: &Killer,
    inherited: &[Socket],
    live: Option<&Live>,
) -> anyhow::Result<Vec<Runner>> {
    let workers = command.workers;
    if workers > 1 && module.is_component() {
        anyhow::bail!(
            "cannot run {} in {workers} workers: it is a component, which opens its listeners itself, so that they \
             can't share a port; leave out --workers, or build the guest for wasm32-wasip1",
            module.name()
        );
    }
    if workers > 1 && command.trace == Some(None) {
        anyhow::bail!(
            "--trace with --workers needs a file, as the lines would mix: --trace=FILE writes FILE.0, FILE.1, …"
        );
    }
    if command.record.is_some() && module.is_component() {
        anyhow::bail!(
            "cannot record {}: it is a component; build the guest for wasm32-wasip1",
            module.name()
        );
    }
    if command.grace.is_some() && module.is_component() {
        anyhow::bail!(
            "cannot run {} with --grace: it is a component, whose listeners can't be closed from outside; leave it out, \
             or build the guest for wasm32-wasip1",
            module.name()
        );
    }
    let tell = teller();
    let mut listens = command.listeners()?;
    let mut runners: Vec<Runner> = Vec::new();
    for worker in 0..workers {
        let mut runner = Runner::with_killer(module, killer)?;
        runner = if worker == 0 { runner.inherit_stdio()? } else { runner.inherit_output()? };
        for socket in inherited {
            runner = socket.try_clone()?.give_to(runner)?;
        }
        if workers > 1 {
            runner = runner
                .share_ports()
                .env("WASI_POLL_WORKER", worker.to_string())
                .env("WASI_POLL_WORKERS", workers.to_string());
        }
        for Listen { name, address } in &listens {
            if workers > 1 && worker == 0 {
                unless_taken(*address)?;
            }
            runner = runner.listen(name.as_deref(), *address)?;
        }
        if worker == 0 {
            // The others share the port that 0 became.
            let opened = runner.listeners().iter().skip(inherited.len());
            for (listen, listener) in listens.iter_mut().zip(opened) {
                listen.address = listener.address;
            }
        }
        runner = given(runner, command)?;
        runner = traced(runner, command, worker)?;
        if let Some(live) = live {
            runner = live::watched(runner, live, (workers > 1).then_some(worker));
        }
        if !command.quiet {
            let tell = Arc::clone(&tell);
            runner = match live.filter(|_| live::is_drawn()).cloned() {
                Some(live) => runner.on_refusal(move |refusal| live.wrote(format!("{refusal}\n").as_bytes())),
                None => runner.on_refusal(move |refusal| tell(refusal)),
            };
        }
        runners.push(runner);
    }
    if !command.quiet {
        tell_of(&runners, command);
    }
    Ok(runners)
}

/// Sharing a port hides that somebody else, who shares it too, is there already: most often this program, started twice.
fn unless_taken(address: std::net::SocketAddr) -> anyhow::Result<()> {
    if address.port() == 0 {
        return Ok(());
    }
    match TcpListener::bind(address) {
        Err(error) if error.kind() == io::ErrorKind::AddrInUse => {
            anyhow::bail!("cannot listen on {address}: address already in use (port 0 takes any free one)")
        }
        // Whatever else is wrong is told when it is opened.
        _ => Ok(()),
    }
}

/// What every worker is given alike.
fn given(mut runner: Runner, command: &Run) -> anyhow::Result<Runner> {
    runner = runner.limits(command.limits.limits());
    for argument in &command.guest[1..] {
        let Some(argument) = argument.to_str() else {
            anyhow::bail!("the guest's argument {} is not Unicode, which WASI wants", argument.display());
        };
        runner = runner.arg(argument);
    }
    if command.inherit_env {
        runner = runner.inherit_env();
    }
    for variable in &command.env {
        runner = match variable.split_once('=') {
            Some((name, value)) => runner.env(name, value),
            None => match std::env::var(variable) {
                Ok(value) => runner.env(variable, value),
                Err(_) => {
                    anyhow::bail!("--env {variable}: the host has no such variable (in Unicode) to hand on")
                }
            },
        };
    }
    runner = runner.grants(command.grants.grants()?);
    for dir in &command.dir {
        runner = runner.dir(&dir.host, &dir.guest)?;
    }
    Ok(runner)
}

fn traced(runner: Runner, command: &Run, worker: u16) -> anyhow::Result<Runner> {
    if let Some(path) = &command.record {
        if command.workers > 1 {
            anyhow::bail!("--record with --workers can't be: a recording is of one guest");
        }
        let file = File::create(path)
            .map_err(|error| anyhow::anyhow!("cannot write the recording to {}: {error}", path.display()))?;
        return Ok(runner.record(file));
    }
    let path = match &command.trace {
        None => return Ok(runner),
        Some(None) => {
            return Ok(runner.trace(io::stderr(), command.trace_format).trace_data(command.trace_data));
        }
        Some(Some(path)) if command.workers == 1 => path.clone(),
        Some(Some(path)) => {
            let mut path = path.clone().into_os_string();
            path.push(format!(".{worker}"));
            PathBuf::from(path)
        }
    };
    let file = File::create(&path)
        .map_err(|error| anyhow::anyhow!("cannot write the trace to {}: {error}", path.display()))?;
    Ok(runner.trace(file, command.trace_format).trace_data(command.trace_data))
}

/// Says where the guest listens, and what is granted so widely that it should be seen.
fn tell_of(runners: &[Runner], command: &Run) {
    let workers = match runners.len() {
        1 => String::new(),
        workers => format!(", in each of {workers} workers"),
    };
    for address in runners[0].may_listen_on() {
        say(format_args!("the guest may listen on {address}; as a component, it does so itself"));
    }
    for listener in runners[0].listeners() {
        let what = if listener.datagrams { "hearing datagrams" } else { "listening" };
        say(format_args!("{what} on {} (fd {}{workers})", listener.address, listener.fd));
    }
    if command.grants.net_inherit {
        say(format_args!("the guest may use all of this machine's network (--net-inherit)"));
    }
}

/// Says what the guest is refused, and of several workers what one is; a guest that asks for everything is not listened
/// to for ever.
fn teller() -> Arc<dyn Fn(&Refusal) + Send + Sync> {
    let told = Mutex::new(HashSet::new());
    Arc::new(move |refusal| {
        let mut told = told.lock().unwrap_or_else(PoisonError::into_inner);
        if told.len() < REFUSALS_TOLD && told.insert(refusal.to_string()) {
            say(format_args!("{refusal}"));
            if told.len() == REFUSALS_TOLD {
                say(format_args!("what else the guest is refused is not told"));
            }
        }
    })
}

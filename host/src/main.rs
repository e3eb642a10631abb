//! The program `wasi-poll`: reads the command line, runs the guest, and tells the shell how it ended.
#![forbid(unsafe_code)]

mod cli;
mod grant_flags;
mod grants_file;
mod signals;

use clap::Parser;
use cli::{Cli, Command, Run};
use std::fs::File;
use std::io::{self, Write};
use std::process::ExitCode;
use wasi_poll_host::{Limits, Module, Outcome, REFUSALS_TOLD, Refusal, RunError, Runner};

/// When the guest can't be run, or the arguments make no sense.
const UNUSABLE: u8 = 2;

fn main() -> ExitCode {
    allow_many_sockets();
    let Command::Run(command) = Cli::parse().command;
    match run(&command) {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            say(format_args!("{error:#}"));
            ExitCode::from(UNUSABLE)
        }
    }
}

fn run(command: &Run) -> anyhow::Result<u8> {
    let mut guest = command.guest.iter();
    let module = Module::load(guest.next().expect("clap requires it"))?;
    let mut runner = Runner::new(&module)?.inherit_stdio()?.limits(Limits {
        memory_bytes: command.max_memory,
        fds: command.max_fds,
        ..Limits::default()
    });
    for argument in guest {
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
    for listen in command.listeners()? {
        runner = runner.listen(listen.name.as_deref(), listen.address)?;
    }
    runner = runner.grants(command.grants.grants()?);
    for dir in &command.dir {
        runner = runner.dir(&dir.host, &dir.guest)?;
    }
    runner = match &command.trace {
        None => runner,
        Some(None) => runner.trace(io::stderr(), command.trace_format),
        Some(Some(path)) => {
            let file = File::create(path)
                .map_err(|error| anyhow::anyhow!("cannot write the trace to {}: {error}", path.display()))?;
            runner.trace(file, command.trace_format)
        }
    };
    let signal = signals::end_with(runner.killer())?;
    if !command.quiet {
        for address in runner.may_listen_on() {
            say(format_args!("the guest may listen on {address}; as a component, it does so itself"));
        }
        for listener in runner.listeners() {
            say(format_args!("listening on {} (fd {})", listener.address, listener.fd));
        }
        if command.grants.net_inherit {
            say(format_args!("the guest may use all of this machine's network (--net-inherit)"));
        }
        runner = runner.on_refusal(teller());
    }
    let outcome: Result<Outcome, RunError> = runner.run();
    let outcome = outcome?;
    if let Outcome::Trapped { message, backtrace } = &outcome {
        say(format_args!("the guest trapped: {message}\n{backtrace}"));
    }
    Ok(cli::exit_code(&outcome, signal.exit_code()))
}

/// Says what the guest is refused; a guest that asks for everything is not listened to for ever.
fn teller() -> impl FnMut(&Refusal) + Send {
    let mut told = 0;
    move |refusal| {
        say(format_args!("{refusal}"));
        told += 1;
        if told == REFUSALS_TOLD {
            say(format_args!("what else the guest is refused is not told"));
        }
    }
}

/// Asks the system for as many open files as it lets this user have: servers want more than the usual 1,024.
fn allow_many_sockets() {
    use rustix::process::{Resource, getrlimit, setrlimit};
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    // Refused, it stays as it was, and the guest is told when there are no more.
    let _ = setrlimit(Resource::Nofile, limit);
}

/// Tells whoever started this, if somebody still reads it.
fn say(what: std::fmt::Arguments<'_>) {
    drop(writeln!(io::stderr(), "wasi-poll: {what}"));
}

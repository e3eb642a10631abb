//! The program `wasi-poll`: reads the command line, runs the guest, and tells the shell how it ended.
#![forbid(unsafe_code)]

mod cli;
mod grant_flags;
mod grants_file;
mod inherited;
mod launch;
mod limit_flags;
mod live;
mod play_command;
mod play_flags;
mod play_once;
mod reading;
mod replay_command;
mod signals;
mod workers;

use anyhow::Context;
use clap::Parser;
use cli::{Cli, Command, Run};
use std::io::{self, Write};
use std::process::ExitCode;
use wasi_poll_host::{Killer, Module};
use wasi_poll_trace::live::Live;

/// What the host's own calls use of a guest's thread, and more.
const HOST_STACK_BYTES: usize = 2 << 20;

/// When the guest can't be run, or the arguments make no sense.
const UNUSABLE: u8 = 2;

fn main() -> ExitCode {
    allow_many_sockets();
    let ended = match Cli::parse().command {
        Command::Run(command) => run(&command),
        Command::Doctor(command) => command.run(),
        Command::Show(command) => command.run(),
        Command::Replay(command) => command.run(),
        Command::Play(command) => play_command::play(&command),
    };
    match ended {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            say(format_args!("{error:#}"));
            ExitCode::from(UNUSABLE)
        }
    }
}

fn run(command: &Run) -> anyhow::Result<u8> {
    signals::fail_past_file_sizes().context("cannot wait for signals")?;
    // Before all else: until something is opened, these numbers can only be what was handed over.
    let inherited = if command.listen_fds { inherited::take()? } else { Vec::new() };
    let stack_bytes = command.limits.stack_bytes();
    let module = Module::load_with_stack(command.guest.first().expect("clap requires it"), stack_bytes)?;
    let killer = Killer::new();
    let live = command.live.then(Live::new);
    let runners = launch::runners(command, &module, &killer, &inherited, live.as_ref())?;
    // Each runner has its own. A listener is closed when nobody has it.
    drop(inherited);
    let signal = signals::end_with(killer.clone(), command.grace).context("cannot wait for signals")?;
    let shown = live.map(|live| live::Shown::start(live, module.name().escape_debug().to_string()));
    let shown = shown.transpose().context("cannot show the guest (--live)")?;
    let ended = workers::run(runners, &killer, stack_bytes + HOST_STACK_BYTES);
    // What is said next is said to a terminal that is itself again.
    drop(shown);
    if let Some(told) = ended.told() {
        say(format_args!("{told}"));
    }
    Ok(ended.exit_code(signal.exit_code()))
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

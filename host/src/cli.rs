//! The command line: what it grants the guest, and what becomes of its end. Nothing runs here.

use crate::grant_flags::GrantFlags;
use crate::limit_flags::{self, LimitFlags};
use crate::play_flags::Play;
use crate::reading::{Doctor, Show};
use crate::replay_command::Replay;
use clap::{Args, Parser, Subcommand};
use std::env;
use std::ffi::OsString;
use std::net::{SocketAddr, ToSocketAddrs};
use std::path::PathBuf;
use std::time::Duration;
use wasi_poll_host::{Outcome, TraceFormat};

/// Runs wasm32-wasip1 guests and wasm32-wasip2 components, and gives them sockets.
#[derive(Debug, Parser)]
#[command(name = "wasi-poll", version)]
pub struct Cli {
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Runs a guest. It has no network, files or variables but those given here.
    ///
    /// Exits with the guest's own code; with 134 when it trapped, 2 when it can't be run, 124 after --timeout,
    /// 152 after --max-cpu, 130 after Ctrl-C and 143 after SIGTERM. What it compiles is kept in the user's cache directory, or below the directory
    /// in `WASI_POLL_CACHE`.
    Run(Run),

    /// Reads a trace and tells what is wrong with the guest's poll loop: the fd, the calls, why it matters, what to do.
    ///
    /// Exits with 0 when nothing is, 1 when something is, and 2 when there is no such trace.
    Doctor(Doctor),

    /// Shows a trace as a timeline in the terminal: lanes for sockets, bars for polls, marks for bytes. Or writes it as a
    /// picture, or the bytes that were moved as packets.
    Show(Show),

    /// Runs a guest again as `run --record` recorded it, without sockets, files or clocks: each call is answered from the
    /// recording.
    ///
    /// Exits with the guest's own code; with 1 when it makes another call than the recording has, which is told, and
    /// with 2 when it can't be replayed.
    Replay(Replay),

    /// Plays a scenario, or one guest: on a deterministic network with a virtual clock, with faults by seed.
    ///
    /// Everything is a function of the guests, the scenario and the seed. Exits with 0 when all went well, with 1 when a
    /// guest trapped, exited with a failure or something expected didn't come, and with 2 when it can't be played.
    Play(Play),
}

#[derive(Debug, Args)]
#[command(override_usage = "wasi-poll run [OPTIONS] GUEST.wasm [ARGS]...")]
#[expect(clippy::struct_excessive_bools, reason = "flags of a command line, each its own")]
pub struct Run {
    /// Open a listener for the guest, at fd 3, 4, … in the order given; port 0 takes any free one. A component opens
    /// its listeners itself, and may do so at these addresses.
    /// Without it, the variable `WASI_POLL_LISTEN` says where, separated by commas
    #[arg(long, value_name = "[NAME=]ADDR", value_delimiter = ',', value_parser = Listen::parse)]
    listen: Vec<Listen>,

    /// Give the guest the sockets that systemd, or whoever else speaks its protocol (`LISTEN_FDS`), opened for this
    /// program: TCP listeners and UDP sockets, from fd 3 on, before those of --listen
    #[arg(long)]
    pub listen_fds: bool,

    /// Run so many instances of the guest, each on a thread of its own. They share the ports: the system spreads the
    /// connections. Only the first has stdin; `WASI_POLL_WORKER` tells each its number, from 0 on; one that fails ends
    /// all; each has the limits for itself
    #[arg(long, value_name = "NUMBER", default_value = "1", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub workers: u16,

    #[command(flatten)]
    pub grants: GrantFlags,

    /// Give the guest a directory, to read and write, under its own name or another
    #[arg(long, value_name = "HOST[::GUEST]", value_parser = Dir::parse)]
    pub dir: Vec<Dir>,

    /// Set a variable for the guest, or hand on one of the host's
    #[arg(long, value_name = "NAME[=VALUE]")]
    pub env: Vec<String>,

    /// Hand on all of the host's variables
    #[arg(long)]
    pub inherit_env: bool,

    /// Write a line for each call on a socket, a poll, a clock or `/net`, to stderr or a file. Components have none
    #[arg(long, value_name = "FILE", num_args = 0..=1, require_equals = true)]
    #[expect(clippy::option_option, reason = "not there, there, and there with a file")]
    pub trace: Option<Option<PathBuf>>,

    /// How the trace is written: for reading, or one JSON object a line, for `doctor`, `show` and other programs
    #[arg(long, value_name = "text|json", default_value = "text")]
    pub trace_format: TraceFormat,

    /// Show the guest while it runs: its sockets, bytes and polls a second, and the share of events that were spurious. In
    /// a terminal what the guest writes is shown below; else it is a line a second on stderr. Components have none
    #[arg(long)]
    pub live: bool,

    /// Record the run to this file: `wasi-poll replay` plays it again without sockets, and `doctor` and `show` read it,
    /// too. Everything the guest reads and writes is in it. Components can't be recorded
    #[arg(long, value_name = "FILE", conflicts_with = "trace")]
    pub record: Option<PathBuf>,

    /// Also write the bytes that are moved to the trace, so that `show --pcap` can tell them
    #[arg(long, requires = "trace")]
    pub trace_data: bool,

    /// Don't say where the guest listens, nor what it is refused
    #[arg(long, short)]
    pub quiet: bool,

    /// On SIGTERM, close the guest's listeners and let it finish with the connections it has, for so long at most;
    /// then end it. It sees nobody connect any more, and ends with 0 when it has no socket left and waits without a
    /// timeout. A second signal, or Ctrl-C, ends it at once. Example: `--grace 30s`
    #[arg(long, value_name = "DURATION", value_parser = limit_flags::duration)]
    pub grace: Option<Duration>,

    #[command(flatten)]
    pub limits: LimitFlags,

    /// The guest, a WebAssembly module for wasm32-wasip1 or a component for wasm32-wasip2, and its arguments
    #[arg(
        value_name = "GUEST.wasm",
        required = true,
        num_args = 1..,
        trailing_var_arg = true,
        allow_hyphen_values = true
    )]
    pub guest: Vec<OsString>,
}

impl Run {
    /// Where the guest listens: what the flags say, or else the environment.
    pub fn listeners(&self) -> anyhow::Result<Vec<Listen>> {
        let inherited = env::var("WASI_POLL_LISTEN").unwrap_or_default();
        if !self.listen.is_empty() || inherited.is_empty() {
            return Ok(self.listen.clone());
        }
        let parse = |text| Listen::parse(text).map_err(|why| anyhow::anyhow!("WASI_POLL_LISTEN: {why}"));
        inherited.split(',').map(parse).collect()
    }
}

/// `[NAME=]HOST:PORT`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listen {
    pub name: Option<String>,
    pub address: SocketAddr,
}

impl Listen {
    fn parse(text: &str) -> Result<Listen, String> {
        let (name, address) = match text.split_once('=') {
            Some((name, address)) => (Some(name.to_owned()), address),
            None => (None, text),
        };
        if !address.contains(':') {
            return Err(format!("{address} has no port; an address looks like 127.0.0.1:8080"));
        }
        match address.to_socket_addrs().map(|mut addresses| addresses.next()) {
            Ok(Some(address)) => Ok(Listen { name, address }),
            _ => Err(format!("{address} is no address; one looks like 127.0.0.1:8080")),
        }
    }
}

/// `HOST[::GUEST]`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dir {
    pub host: PathBuf,
    pub guest: String,
}

impl Dir {
    #[expect(clippy::unnecessary_wraps, reason = "what clap asks of a parser")]
    fn parse(text: &str) -> Result<Dir, String> {
        let (host, guest) = text.split_once("::").unwrap_or((text, text));
        Ok(Dir { host: host.into(), guest: guest.to_owned() })
    }
}

/// What the shell is told of a guest's end.
pub fn exit_code(outcome: &Outcome, signal_code: Option<u8>) -> u8 {
    match outcome {
        // A shell sees the last 8 bits; a failure must not turn into success by that.
        Outcome::Exited(0) | Outcome::Finished => 0,
        Outcome::Exited(code) if code.to_le_bytes()[0] == 0 => 255,
        Outcome::Exited(code) => code.to_le_bytes()[0],
        Outcome::Trapped { .. } => 134,
        Outcome::Killed => signal_code.unwrap_or(137),
        Outcome::TimedOut => 124,
        // As a shell tells of SIGXCPU.
        Outcome::OutOfCpuTime => 152,
    }
}

#[cfg(test)]
mod tests {
    use super::{Cli, Command, Dir, Listen, Run, exit_code};
    use clap::{CommandFactory, Parser};
    use wasi_poll_host::Outcome;

    fn run(arguments: &[&str]) -> Run {
        let parsed = Cli::try_parse_from([&["wasi-poll", "run"], arguments].concat()).unwrap();
        let Command::Run(run) = parsed.command else { panic!("it is a run") };
        run
    }

    #[test]
    fn the_command_line_is_one_clap_accepts() {
        Cli::command().debug_assert();
    }

    #[test]
    fn arguments_behind_the_guest_are_the_guests() {
        let run = run(&["--quiet", "guest.wasm", "--help", "--listen", "x", "--", "-q"]);
        assert_eq!(run.guest, ["guest.wasm", "--help", "--listen", "x", "--", "-q"]);
        assert!(run.quiet && run.listen.is_empty());
    }

    #[test]
    fn an_address_may_have_a_name_before_it() {
        let address = "127.0.0.1:80".parse().unwrap();
        assert_eq!(Listen::parse("127.0.0.1:80"), Ok(Listen { name: None, address }));
        assert_eq!(Listen::parse("http=127.0.0.1:80"), Ok(Listen { name: Some("http".into()), address }));
        assert!(Listen::parse("8080").unwrap_err().contains("has no port"));
    }

    #[test]
    fn a_directory_may_have_another_name_in_the_guest() {
        assert_eq!(Dir::parse("data"), Ok(Dir { host: "data".into(), guest: "data".into() }));
        assert_eq!(Dir::parse("data::/srv"), Ok(Dir { host: "data".into(), guest: "/srv".into() }));
    }

    #[test]
    fn no_failure_looks_like_success() {
        for (code, told) in [(0, 0), (1, 1), (255, 255), (256, 255), (u32::MAX, 255)] {
            assert_eq!(exit_code(&Outcome::Exited(code), None), told);
        }
    }
}

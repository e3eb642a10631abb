//! Who is measured: the worlds one server source is run in, and how a server is started there.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;

use clap::ValueEnum;
use serde::Serialize;

/// One world.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, ValueEnum, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Contender {
    /// mio itself, on epoll
    Native,
    /// This project's poller as a wasip1 guest of this project's host
    Poller,
    /// Stock mio as a wasip1 guest of this project's host
    Stock,
    /// Stock mio as a wasip1 guest of wasmtime 46 with wasi-common, the last with preview1 sockets
    WasiCommon,
    /// mio on wasip2 under wasmtime 48. Its listener is this project's, as mio's own can't accept there yet
    Wasip2,
}

impl Contender {
    /// Every one, in the order of the table's columns.
    pub const ALL: [Contender; 5] =
        [Contender::Native, Contender::Poller, Contender::Stock, Contender::WasiCommon, Contender::Wasip2];

    /// The head of its column.
    pub fn title(self) -> &'static str {
        match self {
            Contender::Native => "native mio",
            Contender::Poller => "this poller, guest",
            Contender::Stock => "stock mio, guest",
            Contender::WasiCommon => "stock mio, wasi-common",
            Contender::Wasip2 => "mio, wasip2",
        }
    }

    /// Whether the project answers for it: a peer that fails doesn't fail the run.
    pub fn is_ours(self) -> bool {
        matches!(self, Contender::Native | Contender::Poller | Contender::Stock)
    }
}

/// A server that every world has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Server {
    /// `servers/echo.rs`
    Echo,
    /// `servers/polls.rs`
    Polls,
    /// `servers/http.rs`
    Http,
    /// `servers/pair.rs`, its own client, and run for its instructions alone
    Pair,
}

/// A server in one world, built.
#[derive(Clone, Debug)]
pub struct Program {
    /// The program that runs the guest, and what it is told before the listener's address; none natively.
    pub host: Option<(PathBuf, Vec<String>)>,
    /// The server.
    pub server: PathBuf,
    /// Whether its host keeps what it compiled for the next start.
    pub has_cache: bool,
}

impl Program {
    /// What starts it on an address, with compiled guests kept in `cache`.
    pub fn command(&self, address: SocketAddr, cache: &Path) -> Command {
        let mut command = match &self.host {
            None => Command::new(&self.server),
            Some((host, arguments)) => {
                let mut command = Command::new(host);
                command.args(arguments).arg("--listen").arg(address.to_string()).arg(&self.server);
                command
            }
        };
        // Who isn't given a listener binds one.
        command.arg(address.to_string()).env("WASI_POLL_CACHE", cache);
        command
    }
}

//! Sockets that were open when this program started, handed over by systemd or whatever speaks its protocol
//! (`LISTEN_FDS`). What a guest is told of them is the runner's.

use anyhow::{Context, bail};
use listenfd::ListenFd;
use rustix::net::sockopt;
use std::env;
use std::net::{TcpListener, UdpSocket};
use wasi_poll_host::Runner;

/// More are nobody's meaning: the number is the environment's, and a list of as many is made.
const SOCKETS_AT_MOST: usize = 1024;

/// One of them, and what it is called.
pub struct Socket {
    name: Option<String>,
    kind: Kind,
}

enum Kind {
    Listener(TcpListener),
    Datagrams(UdpSocket),
}

/// Takes them all: close-on-exec from now on, and no longer told of in this process's environment. To be called
/// before anything else is opened.
///
/// # Errors
/// When there are none, or one is neither a listener nor a UDP socket; the text names the variable or the fd.
pub fn take() -> anyhow::Result<Vec<Socket>> {
    let count = env::var("LISTEN_FDS").unwrap_or_default();
    if count.is_empty() {
        bail!(
            "--listen-fds: nobody handed sockets over, as LISTEN_FDS is not set; systemd sets it for a service with a \
             .socket unit"
        );
    }
    match count.parse() {
        Ok(1..=SOCKETS_AT_MOST) => {}
        _ => bail!("--listen-fds: LISTEN_FDS is {count:?}, which is no number from 1 to {SOCKETS_AT_MOST}"),
    }
    let names = env::var("LISTEN_FDNAMES").unwrap_or_default();
    let mut names = names.split(':').map(str::to_owned);
    let process = env::var("LISTEN_PID").unwrap_or_default();
    let mut inherited = ListenFd::from_env();
    if inherited.len() == 0 {
        bail!(
            "--listen-fds: LISTEN_PID is {process:?}, and this process is {}: the sockets are another's",
            std::process::id()
        );
    }
    (0..inherited.len())
        .map(|index| {
            let name = names.next().filter(|name| !name.is_empty() && name != "unknown");
            let kind = taken(&mut inherited, index).with_context(|| {
                let called =
                    name.as_deref().map_or(String::new(), |name| format!(" ({})", name.escape_debug()));
                format!("--listen-fds: fd {}{called}", 3 + index)
            })?;
            Ok(Socket { name, kind })
        })
        .collect()
}

fn taken(inherited: &mut ListenFd, index: usize) -> anyhow::Result<Kind> {
    if let Ok(Some(listener)) = inherited.take_tcp_listener(index) {
        if !sockopt::socket_acceptconn(&listener)? {
            bail!(
                "it is a stream and doesn't listen (a .socket unit with Accept=yes?); this wants a listener"
            );
        }
        return Ok(Kind::Listener(listener));
    }
    match inherited.take_udp_socket(index) {
        Ok(Some(socket)) => Ok(Kind::Datagrams(socket)),
        _ => bail!("it is neither a TCP listener nor a UDP socket, and a guest can be handed nothing else"),
    }
}

impl Socket {
    /// The same socket, for one worker more: they take turns.
    ///
    /// # Errors
    /// When there are no more fds.
    pub fn try_clone(&self) -> anyhow::Result<Socket> {
        let kind = match &self.kind {
            Kind::Listener(listener) => Kind::Listener(listener.try_clone()?),
            Kind::Datagrams(socket) => Kind::Datagrams(socket.try_clone()?),
        };
        Ok(Socket { name: self.name.clone(), kind })
    }

    /// Gives it to a guest, at the next fd.
    ///
    /// # Errors
    /// When the guest can't have it.
    pub fn give_to(self, runner: Runner) -> anyhow::Result<Runner> {
        let name = self.name.as_deref();
        Ok(match self.kind {
            Kind::Listener(listener) => runner.adopt_listener(name, listener)?,
            Kind::Datagrams(socket) => runner.adopt_datagrams(name, socket)?,
        })
    }
}

//! What a guest finds open when it starts: listeners and directories, and the variables that tell of them.

use crate::RunError;
use crate::error::plain;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use wasi_poll_preview1::Errno;

/// A listener, or a bound datagram socket, that the guest starts with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listener {
    /// What the guest knows it by, if anything.
    pub name: Option<String>,
    /// Where it really listens.
    pub address: SocketAddr,
    /// Its number in the guest.
    pub fd: u32,
    /// Whether it hears datagrams (UDP), rather than accepts connections (TCP).
    pub datagrams: bool,
}

/// A directory of the host's and what the guest knows it by.
#[derive(Clone, Debug)]
pub struct Directory {
    pub host: PathBuf,
    pub guest: String,
}

impl Directory {
    /// Checked now, while there is somebody to tell.
    pub fn new(host: &Path, guest: &str) -> Result<Directory, RunError> {
        let why = match std::fs::metadata(host) {
            Ok(found) if found.is_dir() => {
                return Ok(Directory { host: host.to_path_buf(), guest: guest.to_owned() });
            }
            Ok(_) => "it is not a directory".to_owned(),
            Err(error) => plain(&error),
        };
        Err(RunError::new(format!("cannot give the guest the directory {}: {why}", host.display())))
    }
}

/// The variables that tell a guest of its listeners; none without a listener.
pub fn variables(listeners: &[Listener]) -> Vec<(&'static str, String)> {
    if listeners.is_empty() {
        return Vec::new();
    }
    let names: Vec<&str> =
        listeners.iter().map(|listener| listener.name.as_deref().unwrap_or("unknown")).collect();
    let addresses: Vec<String> = listeners.iter().map(|listener| listener.address.to_string()).collect();
    vec![
        ("LISTEN_FDS", listeners.len().to_string()),
        ("LISTEN_FDNAMES", names.join(":")),
        ("LISTEN_FDADDRS", addresses.join(",")),
        ("FD_COUNT", (3 + listeners.len()).to_string()),
        ("FD_NAMES", format!("stdin:stdout:stderr:{}", names.join(":"))),
    ]
}

/// Whether a variable tells a process which sockets it inherited. Those of the host are not the guest's.
pub fn tells_of_inherited(variable: &str) -> bool {
    ["LISTEN_PID", "LISTEN_PIDFDID", "LISTEN_FDS", "LISTEN_FDNAMES"].contains(&variable)
}

/// A name may be any text that `LISTEN_FDNAMES` can hold.
pub fn check_name(name: &str) -> Result<(), RunError> {
    if name.is_empty() || name.contains(|letter: char| letter == ':' || letter.is_control()) {
        return Err(RunError::new(format!(
            "cannot name a listener {name:?}: a name is not empty and has no colon or control character"
        )));
    }
    Ok(())
}

/// Why nobody can listen on `address`, and what to do.
pub fn cannot_listen(address: SocketAddr, errno: Errno) -> RunError {
    let why = match errno {
        Errno::Acces | Errno::Perm if address.port() < 1024 => {
            "permission denied (ports below 1024 need privileges)"
        }
        Errno::Acces | Errno::Perm => "permission denied",
        Errno::Addrinuse => "address already in use (port 0 takes any free one)",
        Errno::Addrnotavail => "this machine has no such address",
        Errno::Mfile | Errno::Nfile => "too many open files",
        other => other.name(),
    };
    RunError::new(format!("cannot listen on {address}: {why}"))
}

#[cfg(test)]
mod tests {
    use super::{Listener, cannot_listen, variables};
    use wasi_poll_preview1::Errno;

    fn listener(name: Option<&str>, port: u16) -> Listener {
        let address = ([127, 0, 0, 1], port).into();
        Listener { name: name.map(str::to_owned), address, fd: 3, datagrams: false }
    }

    #[test]
    fn a_guest_without_listeners_is_told_of_none() {
        assert_eq!(variables(&[]), []);
    }

    #[test]
    fn the_variables_name_every_listener() {
        assert_eq!(
            variables(&[listener(Some("http"), 80), listener(None, 81)]),
            [
                ("LISTEN_FDS", "2".to_owned()),
                ("LISTEN_FDNAMES", "http:unknown".to_owned()),
                ("LISTEN_FDADDRS", "127.0.0.1:80,127.0.0.1:81".to_owned()),
                ("FD_COUNT", "5".to_owned()),
                ("FD_NAMES", "stdin:stdout:stderr:http:unknown".to_owned()),
            ]
        );
    }

    #[test]
    fn a_privileged_port_is_explained() {
        assert_eq!(
            cannot_listen("127.0.0.1:80".parse().unwrap(), Errno::Acces).to_string(),
            "cannot listen on 127.0.0.1:80: permission denied (ports below 1024 need privileges)"
        );
    }
}

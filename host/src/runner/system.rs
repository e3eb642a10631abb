//! A runner on the operating system's sockets: what only it can give a guest, this process's stdio and sockets that
//! are open already among it.

use super::Runner;
use crate::error::plain;
use crate::preopens;
use crate::stdio::{STDERR, STDIN, STDOUT, Stdio};
use crate::{Killer, Module, OsNetwork, RunError};
use std::io;
use std::net::{SocketAddr, TcpListener, UdpSocket};
use wasi_poll_preview1::SocketId;

impl Runner {
    /// A guest on the operating system's sockets.
    ///
    /// # Errors
    /// When the system has no room for one more poll.
    pub fn new(module: &Module) -> Result<Runner, RunError> {
        Runner::with_killer(module, &Killer::new())
    }

    /// A guest on the operating system's sockets, ended by its own switch ([`killer`](Self::killer)) and by this one,
    /// which may end others, too.
    ///
    /// ```
    /// use wasi_poll_host::{Killer, Module, Outcome, Runner};
    ///
    /// let text = br#"(module (memory (export "memory") 1) (func (export "_start") (loop (br 0))))"#;
    /// let (guest, killer) = (Module::from_bytes("endless.wasm", text)?, Killer::new());
    /// let running: Vec<_> = (0..2)
    ///     .map(|_| Runner::with_killer(&guest, &killer))
    ///     .map(|runner| runner.map(|runner| std::thread::spawn(|| runner.run())))
    ///     .collect::<Result<_, wasi_poll_host::RunError>>()?;
    /// killer.kill();
    /// for guest in running {
    ///     assert_eq!(guest.join().unwrap()?, Outcome::Killed);
    /// }
    /// # Ok::<(), wasi_poll_host::RunError>(())
    /// ```
    ///
    /// # Errors
    /// When the system has no room for one more poll.
    pub fn with_killer(module: &Module, killer: &Killer) -> Result<Runner, RunError> {
        let killer = killer.child();
        let network = OsNetwork::new(&killer)
            .map_err(|error| RunError::new(format!("cannot poll: {}", plain(&error))))?;
        Ok(Runner::on_network(module, network, killer))
    }

    /// Gives the guest this process's stdin, stdout and stderr. They can be polled where the system can.
    ///
    /// # Errors
    /// When they can't be duplicated.
    pub fn inherit_stdio(self) -> Result<Runner, RunError> {
        self.inherit(&[STDIN, STDOUT, STDERR])
    }

    /// Gives the guest this process's stdout and stderr, and not its stdin: that is at its end.
    ///
    /// # Errors
    /// When they can't be duplicated.
    pub fn inherit_output(self) -> Result<Runner, RunError> {
        self.inherit(&[STDOUT, STDERR])
    }

    fn inherit(mut self, numbers: &[u32]) -> Result<Runner, RunError> {
        let adopted = || -> io::Result<_> {
            let mut stdio = Stdio::inherit()?;
            let mut sources = [None; 3];
            for number in [STDIN, STDOUT, STDERR] {
                if !numbers.contains(&number) {
                    stdio.close(number);
                } else if let Some(descriptor) = stdio.descriptor(number)
                    && let Some(source) = self.network.adopt(descriptor)?
                {
                    sources[number as usize] = Some(source);
                    stdio.bound(number);
                }
            }
            Ok((stdio, sources))
        }();
        (self.stdio, self.stdio_sources) = adopted.map_err(|error| {
            RunError::new(format!("cannot hand on stdin, stdout and stderr: {}", plain(&error)))
        })?;
        Ok(self)
    }

    /// Lets what this guest listens on, and where it binds datagram sockets, be shared with other guests and programs
    /// of this user that share it, too (`SO_REUSEPORT`): the system spreads the connections. Before
    /// [`listen`](Self::listen).
    ///
    /// ```
    /// use wasi_poll_host::{Module, Runner};
    ///
    /// let text = br#"(module (memory (export "memory") 1) (func (export "_start")))"#;
    /// let guest = Module::from_bytes("nothing.wasm", text)?;
    /// let one = Runner::new(&guest)?.share_ports().listen(None, "127.0.0.1:0".parse().unwrap())?;
    /// let address = one.listeners()[0].address;
    /// let other = Runner::new(&guest)?.share_ports().listen(None, address)?;
    /// assert_eq!(other.listeners()[0].address, address);
    /// # Ok::<(), wasi_poll_host::RunError>(())
    /// ```
    #[must_use]
    pub fn share_ports(mut self) -> Runner {
        self.network.share_ports();
        self
    }

    /// Gives the guest a listener that is open already, at the next fd from 3 on, as [`listen`](Self::listen) would.
    /// It becomes non-blocking, for whoever else holds it, too.
    ///
    /// # Errors
    /// When it can't be polled, or the guest is a component: these open their listeners themselves.
    pub fn adopt_listener(self, name: Option<&str>, listener: TcpListener) -> Result<Runner, RunError> {
        let address = listener.local_addr();
        self.adopt_socket(name, address, false, |network| network.adopt_listener(listener))
    }

    /// Gives the guest a bound UDP socket that is open already, at the next fd from 3 on. It becomes non-blocking, for
    /// whoever else holds it, too. Its datagrams are led by
    /// [address records](wasi_poll_preview1::net_dir), and in `/net` it is claimed by its address as a listener is.
    ///
    /// # Errors
    /// As [`adopt_listener`](Self::adopt_listener).
    pub fn adopt_datagrams(self, name: Option<&str>, socket: UdpSocket) -> Result<Runner, RunError> {
        let address = socket.local_addr();
        self.adopt_socket(name, address, true, |network| network.adopt_datagrams(socket))
    }

    fn adopt_socket(
        mut self,
        name: Option<&str>,
        address: io::Result<SocketAddr>,
        datagrams: bool,
        adopt: impl FnOnce(&mut OsNetwork) -> io::Result<SocketId>,
    ) -> Result<Runner, RunError> {
        name.map_or(Ok(()), preopens::check_name)?;
        let adopted = address.and_then(|address| {
            if self.module.is_component() {
                return Err(io::Error::other("it is a component, which opens its sockets itself"));
            }
            Ok((adopt(&mut self.network)?, address))
        });
        let (socket, address) = adopted.map_err(|error| {
            let name = self.module.name();
            RunError::new(format!("cannot hand an open socket on to {name}: {}", plain(&error)))
        })?;
        self.preopen(name, socket, address, datagrams);
        Ok(self)
    }
}

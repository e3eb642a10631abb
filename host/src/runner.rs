//! What an embedder does with a guest: gives it things, starts it, ends it. No type of the engine's is in
//! sight.

mod component;
mod outcome;
mod running;
mod system;

use crate::permits::Permits;
use crate::preopens::{self, Directory, Listener};
use crate::refusals::Refusals;
use crate::stdio::{STDERR, STDIN, STDOUT, Stdio};
use crate::trace::{Lines, Trace, TraceFormat};
use crate::{Grants, Killer, Limits, Module, OsNetwork, Refusal, RunError};
pub use outcome::Outcome;
use std::io::{Read, Write};
use std::net::SocketAddr;
use std::path::Path;
use wasi_poll_preview1::{Network, SocketId};
use wasi_poll_trace::Observe;

/// One guest about to run. It starts with nothing: no network, no files, no variables, its stdin at the end
/// and its output discarded. Everything else is given by name.
///
/// What it promises beyond that, of threads, panics and what is left behind, stands [below](#what-is-promised).
///
/// ```
/// use wasi_poll_host::{Module, Outcome, Runner};
///
/// let guest = Module::from_bytes("hello.wasm", br#"(module
///     (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
///     (memory (export "memory") 1)
///     (func (export "_start") (call $exit (i32.const 7))))"#)?;
/// let runner = Runner::new(&guest)?
///     .arg("--verbose")
///     .env("RUST_BACKTRACE", "1")
///     .listen(Some("http"), "127.0.0.1:0".parse().unwrap())?
///     .stdout(std::io::stdout());
/// println!("listening on {}", runner.listeners()[0].address);
///
/// // Pulled from any thread, this ends the guest whatever it does.
/// let _killer = runner.killer();
/// assert_eq!(runner.run()?, Outcome::Exited(7));
/// # Ok::<(), wasi_poll_host::RunError>(())
/// ```
///
/// # What is promised
///
/// ## Threads
///
/// [`run`](Self::run) runs the guest on the thread it is called on, and returns when the guest has ended: one guest, one
/// thread. A runner is [`Send`], so it can be built on one thread and run on another, which needs 2 MiB of stack beside
/// the guest's own ([`Module::load_with_stack`]). It blocks: asynchronous code gives it a thread, or `spawn_blocking`;
/// a component has a runtime of its own, and running one inside of an asynchronous task panics.
///
/// Threads beside it: a watchdog where there is a [limit of time](Limits), gone when `run` returns; and others that end by
/// themselves soon after: up to four that look names up, once the guest needs any, one where a kill may have been
/// missed, and a component's runtime. A look-up that the system doesn't answer stays until it does, and holds nothing.
///
/// ## Panics
///
/// No guest makes the host panic: what it does wrong is an errno, or [`Outcome::Trapped`]. What *you* give a runner may:
/// a reader, a writer, an observer, [`on_refusal`](Self::on_refusal) or a [`Network`] that panics, and `run` goes on with
/// that panic. The guest is gone then, its sockets closed; the module, the switch and all other guests are as they were.
///
/// ## What a guest leaves behind
///
/// However it ends, by an exit, a trap, its switch or a limit, when `run` returns
///
/// - its sockets are closed, as a process's are: what it has sent still arrives, and its ports are free;
/// - what it wrote to stdout and stderr has been written and flushed, write by write; nothing is kept for later;
/// - what it did to files is done, and nothing is undone. It was handed to the system with each call, and is as safe
///   there as the system makes it: only the guest's own `fd_sync` waits for the disk;
/// - whoever observes it has been told of its end last;
/// - its memory is gone.
///
/// ## What can be used again
///
/// A [`Module`], for any number of guests at once and one after another, whatever became of those before; grants and
/// limits, which are plain values; a [`Trace`]. A [`Killer`] stays pulled: whoever runs with it then is ended at once.
///
/// ## What a switch can't end
///
/// A [`Killer`] and the limits of time end whatever is wasm or one of this host's own waits. They don't end a call of
/// yours, nor the system's: a reader or writer that blocks, an observer that does, or a FIFO that the guest opens in a
/// directory it was given. `run` returns when that call does, and not before. For stdio that can always be ended there
/// is [`inherit_stdio`](Self::inherit_stdio), and for what may block, a writer that only hands on to another thread.
///
/// ## Determinism
///
/// None on the operating system's sockets. On a network that is deterministic, such as
/// [`MemoryNetwork`](wasi_poll_preview1::MemoryNetwork), sockets, polls and clocks are: the same module with the same
/// arguments makes the same calls and gets the same answers, as long as nothing else it asks for differs. That is
/// random numbers, which are the system's, files, and the bits of a NaN, which are the machine's. Of a
/// [played](crate::play) guest these follow from the seed, too.
#[derive(Debug)]
pub struct Runner<N: Network = OsNetwork> {
    module: Module,
    network: N,
    killer: Killer,
    arguments: Vec<String>,
    variables: Vec<(String, String)>,
    listeners: Vec<Listener>,
    sockets: Vec<SocketId>,
    /// What a component may do instead.
    permits: Permits,
    directories: Vec<Directory>,
    stdio: Stdio,
    /// What tells the readiness of stdin, stdout and stderr, where anything does.
    stdio_sources: [Option<SocketId>; 3],
    trace: Option<Trace>,
    grants: Grants,
    refusals: Refusals,
    limits: Limits,
}

impl<N: Network + 'static> Runner<N> {
    /// A guest on another network. Where that can block, it must see to it that `killer` ends its waits
    /// ([`Killer::on_kill`]).
    ///
    /// ```
    /// use wasi_poll_host::{Killer, Module, Outcome, Runner};
    /// use wasi_poll_preview1::MemoryNetwork;
    ///
    /// let text = br#"(module (memory (export "memory") 1) (func (export "_start")))"#;
    /// let guest = Module::from_bytes("nothing.wasm", text)?;
    /// let runner = Runner::on_network(&guest, MemoryNetwork::new(), Killer::new())
    ///     .listen(None, "10.0.0.1:80".parse().unwrap())?;
    /// assert_eq!(runner.run()?, Outcome::Exited(0));
    /// # Ok::<(), wasi_poll_host::RunError>(())
    /// ```
    pub fn on_network(module: &Module, network: N, killer: Killer) -> Runner<N> {
        Runner {
            module: module.clone(),
            network,
            killer,
            arguments: vec![module.name().to_owned()],
            variables: Vec::new(),
            listeners: Vec::new(),
            sockets: Vec::new(),
            permits: Permits::default(),
            directories: Vec::new(),
            stdio: Stdio::default(),
            stdio_sources: [None; 3],
            trace: None,
            grants: Grants::default(),
            refusals: Refusals::default(),
            limits: Limits::default(),
        }
    }

    /// Opens a listener and gives it to the guest, at the next fd from 3 on. [`listeners`](Self::listeners)
    /// tells the port that 0 became. A component opens its listeners itself: it may then listen on that address,
    /// where port 0 is one that the system chooses.
    ///
    /// # Errors
    /// When nobody can listen there; the text says why and what to do.
    pub fn listen(mut self, name: Option<&str>, address: SocketAddr) -> Result<Runner<N>, RunError> {
        name.map_or(Ok(()), preopens::check_name)?;
        if self.module.is_component() {
            self.permits.listen(address);
            return Ok(self);
        }
        let opened = self.network.listen(address);
        let (socket, address) = opened.map_err(|errno| preopens::cannot_listen(address, errno))?;
        self.preopen(name, socket, address, false);
        Ok(self)
    }

    fn preopen(&mut self, name: Option<&str>, socket: SocketId, address: SocketAddr, datagrams: bool) {
        let fd = 3 + self.listeners.len() as u32;
        self.listeners.push(Listener { name: name.map(str::to_owned), address, fd, datagrams });
        self.sockets.push(socket);
    }

    /// Lets the guest use more of the network than the listeners it was given. With either, it finds the
    /// [network directory](wasi_poll_preview1::net_dir), `/net`, behind all directories.
    ///
    /// ```
    /// use wasi_poll_host::{Grants, Module, Outcome, Runner};
    ///
    /// let text = br#"(module (memory (export "memory") 1) (func (export "_start")))"#;
    /// let guest = Module::from_bytes("nothing.wasm", text)?;
    /// let grants = Grants { connect: vec!["10.0.0.0/8:443".parse().unwrap()], ..Grants::default() };
    /// let runner = Runner::new(&guest)?.grants(grants).on_refusal(|refusal| println!("{refusal}"));
    /// assert_eq!(runner.run()?, Outcome::Exited(0));
    /// # Ok::<(), wasi_poll_host::RunError>(())
    /// ```
    #[must_use]
    pub fn grants(mut self, grants: Grants) -> Runner<N> {
        self.grants = grants;
        self
    }

    /// Calls `tell` when the guest is refused what no grant allows: once for each thing, and for at most
    /// [`REFUSALS_TOLD`](crate::REFUSALS_TOLD) of them.
    #[must_use]
    pub fn on_refusal(mut self, tell: impl FnMut(&Refusal) + Send + 'static) -> Runner<N> {
        self.refusals = Refusals::to(tell);
        self
    }

    /// Adds an argument, after the module's name.
    #[must_use]
    pub fn arg(mut self, argument: impl Into<String>) -> Runner<N> {
        self.arguments.push(argument.into());
        self
    }

    /// Adds arguments.
    #[must_use]
    pub fn args<A: Into<String>>(mut self, arguments: impl IntoIterator<Item = A>) -> Runner<N> {
        self.arguments.extend(arguments.into_iter().map(Into::into));
        self
    }

    /// Sets a variable. Set again, the last one holds.
    #[must_use]
    pub fn env(mut self, name: impl Into<String>, value: impl Into<String>) -> Runner<N> {
        let name = name.into();
        self.variables.retain(|(known, _)| *known != name);
        self.variables.push((name, value.into()));
        self
    }

    /// Sets all variables of this process that are Unicode, but for those that tell this process of its own
    /// inherited sockets (`LISTEN_FDS` and the like): a guest's are others.
    #[must_use]
    pub fn inherit_env(self) -> Runner<N> {
        std::env::vars_os().fold(self, |runner, (name, value)| {
            match (name.into_string(), value.into_string()) {
                (Ok(name), Ok(_)) if preopens::tells_of_inherited(&name) => runner,
                (Ok(name), Ok(value)) => runner.env(name, value),
                _ => runner,
            }
        })
    }

    /// Gives the guest a directory, to read and write, under the name `guest`. Directories get the fds behind
    /// the listeners'.
    ///
    /// # Errors
    /// When it isn't one, or can't be read.
    pub fn dir(mut self, host: impl AsRef<Path>, guest: &str) -> Result<Runner<N>, RunError> {
        self.directories.push(Directory::new(host.as_ref(), guest)?);
        Ok(self)
    }

    /// What the guest reads from stdin, always ready. Bytes of yours: `&b"text"[..]` or a `Cursor`.
    #[must_use]
    pub fn stdin(mut self, stdin: impl Read + Send + 'static) -> Runner<N> {
        self.stdio.set_stdin(stdin);
        self.stdio_sources[STDIN as usize] = None;
        self
    }

    /// Where stdout goes. Called, and flushed, as the guest writes, before its write returns.
    #[must_use]
    pub fn stdout(mut self, stdout: impl Write + Send + 'static) -> Runner<N> {
        self.stdio.set_stdout(stdout);
        self.stdio_sources[STDOUT as usize] = None;
        self
    }

    /// Where stderr goes, as [`stdout`](Self::stdout).
    #[must_use]
    pub fn stderr(mut self, stderr: impl Write + Send + 'static) -> Runner<N> {
        self.stdio.set_stderr(stderr);
        self.stdio_sources[STDERR as usize] = None;
        self
    }

    /// Writes a line to `sink` for each call on a socket, a poll, a clock or the network directory. A sink that fails is
    /// given up, and the guest goes on.
    #[must_use]
    pub fn trace(self, sink: impl Write + Send + 'static, format: TraceFormat) -> Runner<N> {
        self.observe(Lines::new(sink, format))
    }

    /// Tells `observer` of each of those calls, on this guest's thread and as it ends: the guest waits meanwhile.
    #[must_use]
    pub fn observe(mut self, observer: impl Observe + 'static) -> Runner<N> {
        self.trace.get_or_insert_default().add(observer);
        self
    }

    /// Takes part in a trace, which other guests may share: their entries are numbered together.
    ///
    /// ```
    /// use wasi_poll_host::{Module, Outcome, Runner, Trace, TraceFormat};
    ///
    /// let text = br#"(module (memory (export "memory") 1) (func (export "_start")))"#;
    /// let guest = Module::from_bytes("nothing.wasm", text)?;
    /// let trace = Trace::new().lines(std::io::stderr(), TraceFormat::Text);
    /// for name in ["first", "second"] {
    ///     let runner = Runner::new(&guest)?.traced(trace.of_guest(name));
    ///     assert_eq!(runner.run()?, Outcome::Exited(0));
    /// }
    /// # Ok::<(), wasi_poll_host::RunError>(())
    /// ```
    #[must_use]
    pub fn traced(mut self, trace: Trace) -> Runner<N> {
        self.trace = Some(trace);
        self
    }

    /// Records the run to `sink`: a trace that [`Recording`](crate::Recording) reads and [`replay`](crate::replay) plays
    /// again, without sockets. Of a component there is none.
    #[must_use]
    pub fn record(self, sink: impl Write + Send + 'static) -> Runner<N> {
        let mut runner = self.trace(sink, TraceFormat::Json).trace_data(true);
        if let Some(trace) = &mut runner.trace {
            trace.with_recording(true);
        }
        runner
    }

    /// Whether whoever observes is also told the bytes that are moved.
    #[must_use]
    pub fn trace_data(mut self, data: bool) -> Runner<N> {
        if let Some(trace) = &mut self.trace {
            trace.with_data(data);
        }
        self
    }

    /// Sets what the guest may use up.
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Runner<N> {
        self.limits = limits;
        self
    }

    /// The listeners it was given, in the order of their fds, with the addresses they really have. A component has
    /// none before it runs.
    pub fn listeners(&self) -> &[Listener] {
        &self.listeners
    }

    /// The switch that ends it, before it starts or while it runs.
    pub fn killer(&self) -> Killer {
        self.killer.clone()
    }

    /// The network underneath.
    pub fn network(&mut self) -> &mut N {
        &mut self.network
    }
}

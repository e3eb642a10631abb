//! A component's stdin, stdout and stderr over ours. They are waited for without blocking the thread where the
//! system tells when they are ready, and nothing is read before the component asks.

use crate::stdio::{STDIN, Stdio};
use bytes::Bytes;
use std::io::IoSlice;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::io::unix::AsyncFd;
use tokio::io::{AsyncRead, AsyncWrite, Interest};
use wasi_poll_preview1::Errno;
use wasmtime::Error;
use wasmtime_wasi::cli::{IsTerminal, StdinStream, StdoutStream};
use wasmtime_wasi::p2::{InputStream, OutputStream, Pollable, StreamError, StreamResult};

/// At most so many bytes are read or written at once.
const CHUNK_BYTES: usize = 64 * 1024;

type Shared = Arc<Mutex<Stdio>>;

fn lock(stdio: &Shared) -> MutexGuard<'_, Stdio> {
    stdio.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Waits until a stream is ready: at once where the system can't tell.
async fn ready(stdio: &Shared, number: u32) {
    let interest = if number == STDIN { Interest::READABLE } else { Interest::WRITABLE };
    let descriptor = {
        let stdio = lock(stdio);
        if stdio.is_ready(number) {
            return;
        }
        stdio.descriptor(number).and_then(|descriptor| descriptor.try_clone_to_owned().ok())
    };
    // A registration of its own tells of the state there is, and not only of changes.
    #[expect(
        deprecated,
        reason = "unsound only for what doesn't own its descriptor; the other one is unsafe"
    )]
    let waiting = descriptor.and_then(|owned| AsyncFd::with_interest(owned, interest).ok());
    if let Some(waiting) = waiting {
        // It fails with the runtime alone, and then nobody waits any more.
        let _ = waiting.ready(interest).await;
    }
}

fn stream_error(errno: Errno) -> StreamError {
    match errno {
        Errno::Pipe => StreamError::Closed,
        other => StreamError::LastOperationFailed(Error::msg(other.name())),
    }
}

/// stdin.
#[derive(Clone)]
pub struct Input(Shared);

impl Input {
    pub fn new(stdio: &Shared) -> Input {
        Input(Arc::clone(stdio))
    }
}

impl InputStream for Input {
    fn read(&mut self, size: usize) -> StreamResult<Bytes> {
        let mut stdio = lock(&self.0);
        if size == 0 || !stdio.is_ready(STDIN) {
            return Ok(Bytes::new());
        }
        let mut buffer = vec![0; size.min(CHUNK_BYTES)];
        match stdio.read(&mut buffer) {
            Ok(0) => Err(StreamError::Closed),
            Ok(bytes) => {
                buffer.truncate(bytes);
                Ok(buffer.into())
            }
            Err(Errno::Again | Errno::Intr) => Ok(Bytes::new()),
            Err(errno) => Err(stream_error(errno)),
        }
    }
}

#[async_trait::async_trait]
impl Pollable for Input {
    async fn ready(&mut self) {
        ready(&self.0, STDIN).await;
    }
}

impl IsTerminal for Input {
    fn is_terminal(&self) -> bool {
        lock(&self.0).is_terminal(STDIN)
    }
}

impl StdinStream for Input {
    fn async_stream(&self) -> Box<dyn AsyncRead + Send + Sync> {
        unreachable!("only WASI 0.3 asks for it")
    }

    fn p2_stream(&self) -> Box<dyn InputStream> {
        Box::new(self.clone())
    }
}

/// stdout or stderr.
pub struct Output {
    stdio: Shared,
    number: u32,
    /// Taken from the component, and not yet from us: there was less room than was told.
    waiting: Bytes,
}

impl Output {
    pub fn new(stdio: &Shared, number: u32) -> Output {
        Output { stdio: Arc::clone(stdio), number, waiting: Bytes::new() }
    }

    /// Writes what waits, until there is no more room.
    fn push(&mut self) -> StreamResult<()> {
        let mut stdio = lock(&self.stdio);
        while !self.waiting.is_empty() && stdio.is_ready(self.number) {
            match stdio.write(self.number, &[IoSlice::new(&self.waiting)]) {
                Ok(0) => return Err(StreamError::Closed),
                Ok(bytes) => drop(self.waiting.split_to(bytes)),
                Err(Errno::Intr) => {}
                Err(Errno::Again) => break,
                Err(errno) => {
                    self.waiting.clear();
                    return Err(stream_error(errno));
                }
            }
        }
        Ok(())
    }
}

impl OutputStream for Output {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        if !self.waiting.is_empty() {
            return Err(StreamError::trap("more was written than there was room for"));
        }
        self.waiting = bytes;
        self.push()
    }

    fn flush(&mut self) -> StreamResult<()> {
        self.push()
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        self.push()?;
        let has_room = self.waiting.is_empty() && lock(&self.stdio).is_ready(self.number);
        Ok(if has_room { CHUNK_BYTES } else { 0 })
    }
}

#[async_trait::async_trait]
impl Pollable for Output {
    async fn ready(&mut self) {
        loop {
            ready(&self.stdio, self.number).await;
            // An error is told by the next call.
            if self.push().is_err() || self.waiting.is_empty() {
                return;
            }
        }
    }
}

impl IsTerminal for Output {
    fn is_terminal(&self) -> bool {
        lock(&self.stdio).is_terminal(self.number)
    }
}

impl StdoutStream for Output {
    fn async_stream(&self) -> Box<dyn AsyncWrite + Send + Sync> {
        unreachable!("only WASI 0.3 asks for it")
    }

    fn p2_stream(&self) -> Box<dyn OutputStream> {
        Box::new(Output::new(&self.stdio, self.number))
    }
}

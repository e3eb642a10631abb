//! The guest's stdin, stdout and stderr: where the bytes come from and go to. When they are ready is the
//! network's to tell, and the iovecs are preview1's.

use crate::errno::errno_of;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use std::fmt;
use std::fs::File;
use std::io::{self, IoSlice, IsTerminal, Read, Write};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use wasi_poll_preview1::Errno;

/// The numbers of stdio, in preview1 as everywhere.
pub const STDIN: u32 = 0;
pub const STDOUT: u32 = 1;
pub const STDERR: u32 = 2;

/// A pipe that says it has room takes at least so many bytes without blocking (`PIPE_BUF` on Linux).
const ROOM_BYTES: usize = 4096;

/// Where stdin, stdout and stderr lead, each until the guest closes it.
#[derive(Default)]
pub struct Stdio {
    stdin: Option<Stream<Box<dyn Read + Send>>>,
    stdout: Option<Stream<Box<dyn Write + Send>>>,
    stderr: Option<Stream<Box<dyn Write + Send>>>,
}

struct Stream<S> {
    io: S,
    /// What of the operating system it is, if anything: for its readiness, and whether it is a terminal.
    descriptor: Option<OwnedFd>,
    /// Whether the kernel tells when it has room. Then no more is written than that room.
    bounded: bool,
}

impl<S> From<S> for Stream<S> {
    fn from(stream: S) -> Stream<S> {
        Stream { io: stream, descriptor: None, bounded: false }
    }
}

impl Stdio {
    pub fn set_stdin(&mut self, stdin: impl Read + Send + 'static) {
        let stream: Box<dyn Read + Send> = Box::new(stdin);
        self.stdin = Some(stream.into());
    }

    pub fn set_stdout(&mut self, stdout: impl Write + Send + 'static) {
        let stream: Box<dyn Write + Send> = Box::new(stdout);
        self.stdout = Some(stream.into());
    }

    pub fn set_stderr(&mut self, stderr: impl Write + Send + 'static) {
        let stream: Box<dyn Write + Send> = Box::new(stderr);
        self.stderr = Some(stream.into());
    }

    /// This process's own three, unbuffered: a buffer would hold bytes that no poll knows of.
    pub fn inherit() -> io::Result<Stdio> {
        fn stream<S>(of: impl AsFd, wrap: impl FnOnce(File) -> S) -> io::Result<Option<Stream<S>>> {
            let owned = || of.as_fd().try_clone_to_owned();
            Ok(Some(Stream { io: wrap(File::from(owned()?)), descriptor: Some(owned()?), bounded: false }))
        }
        Ok(Stdio {
            stdin: stream(io::stdin(), |file| -> Box<dyn Read + Send> { Box::new(file) })?,
            stdout: stream(io::stdout(), |file| -> Box<dyn Write + Send> { Box::new(file) })?,
            stderr: stream(io::stderr(), |file| -> Box<dyn Write + Send> { Box::new(file) })?,
        })
    }

    /// The operating system's descriptor behind `number`, if there is one.
    pub fn descriptor(&self, number: u32) -> Option<BorrowedFd<'_>> {
        let descriptor = match number {
            STDIN => self.stdin.as_ref()?.descriptor.as_ref(),
            STDOUT => self.stdout.as_ref()?.descriptor.as_ref(),
            _ => self.stderr.as_ref()?.descriptor.as_ref(),
        };
        descriptor.map(AsFd::as_fd)
    }

    /// Whether `number` leads to a terminal.
    pub fn is_terminal(&self, number: u32) -> bool {
        self.descriptor(number).is_some_and(|descriptor| descriptor.is_terminal())
    }

    /// Whether `number` can be read or written without blocking, as far as the system can tell.
    pub fn is_ready(&self, number: u32) -> bool {
        let flags = if number == STDIN { PollFlags::IN } else { PollFlags::OUT };
        let Some(descriptor) = self.descriptor(number) else { return true };
        // An error is told by the read or write that follows.
        poll(&mut [PollFd::from_borrowed_fd(descriptor, flags)], Some(&Timespec::default())) != Ok(0)
    }

    /// From now on, `number` is written to only as far as it says it has room.
    pub fn bound(&mut self, number: u32) {
        for (known, stream) in [(STDOUT, &mut self.stdout), (STDERR, &mut self.stderr)] {
            if let Some(stream) = stream
                && known == number
            {
                stream.bounded = true;
            }
        }
    }

    /// Reads stdin once. Closed, or never given, it is at its end.
    pub fn read(&mut self, into: &mut [u8]) -> Result<usize, Errno> {
        let Some(stdin) = &mut self.stdin else { return Ok(0) };
        stdin.io.read(into).map_err(|error| errno_of(&error))
    }

    /// Writes stdout or stderr once. Never given, it takes everything.
    pub fn write(&mut self, number: u32, from: &[IoSlice<'_>]) -> Result<usize, Errno> {
        let stream = if number == STDOUT { &mut self.stdout } else { &mut self.stderr };
        let Some(Stream { io, bounded, .. }) = stream else {
            return Ok(from.iter().map(|slice| slice.len()).sum());
        };
        // More than the room there is known to be would block where no kill switch reaches.
        let written = match from.first() {
            Some(first) if *bounded && first.len() > ROOM_BYTES => io.write(&first[..ROOM_BYTES]),
            Some(first) if from.len() == 1 || *bounded && total(from) > ROOM_BYTES => io.write(first),
            _ => io.write_vectored(from),
        };
        written.and_then(|bytes| io.flush().map(|()| bytes)).map_err(|error| errno_of(&error))
    }

    /// Lets go of what is behind `number`.
    pub fn close(&mut self, number: u32) {
        match number {
            STDIN => self.stdin = None,
            STDOUT => self.stdout = None,
            _ => self.stderr = None,
        }
    }
}

fn total(slices: &[IoSlice<'_>]) -> usize {
    slices.iter().map(|slice| slice.len()).sum()
}

impl fmt::Debug for Stdio {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stdio").finish_non_exhaustive()
    }
}

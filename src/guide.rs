//! A server, step by step, and what differs between the worlds it runs in: documentation only, no code.
//!
//! The names are mio's. In a program of your own they come from a dependency named `mio`
//! (`mio = { package = "wasi-poll", version = "0.1" }`); the examples here call it by its own name.
//!
//! # 1. A poll, and room for its events
//!
//! [`Poll`](crate::Poll) waits for sources; [`Events`](crate::Events) is where it puts what it found. A
//! poll never reports more than the room given; what is left comes first at the next one.
//!
//! ```
//! use wasi_poll::{Events, Poll};
//!
//! # fn main() -> std::io::Result<()> {
//! let mut poll = Poll::new()?;
//! let mut events = Events::with_capacity(64);
//! # poll.poll(&mut events, Some(std::time::Duration::ZERO))?;
//! # Ok(())
//! # }
//! ```
//!
//! # 2. Sources, under names of your own
//!
//! A source is registered under a [`Token`](crate::Token), any number you like, with the directions you
//! care about. One that is ready already is reported by the very next poll.
//!
//! ```no_run
//! use wasi_poll::net::TcpListener;
//! use wasi_poll::{Interest, Poll, Token};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let poll = Poll::new()?;
//! let mut listener = TcpListener::bind("127.0.0.1:0".parse()?)?;
//! poll.registry().register(&mut listener, Token(0), Interest::READABLE)?;
//! # Ok(())
//! # }
//! ```
//!
//! # 3. The loop, and draining
//!
//! Events tell *edges*: a direction that was reported isn't reported again until you have drained it.
//! So accept, read or write until [`WouldBlock`](std::io::ErrorKind::WouldBlock), or until a read or
//! write moves fewer bytes than it could have; then poll. Stop halfway and the source may stay silent.
//!
//! This server sends back what it is sent. A client thread stands in for the network, so that the
//! example ends.
//!
//! ```
//! use std::collections::HashMap;
//! use std::io::{self, ErrorKind, Read, Write};
//! use wasi_poll::net::{TcpListener, TcpStream};
//! use wasi_poll::{Events, Interest, Poll, Token};
//!
//! const LISTENER: Token = Token(0);
//!
//! fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     let mut poll = Poll::new()?;
//!     let mut events = Events::with_capacity(64);
//!     let mut listener = TcpListener::bind("127.0.0.1:0".parse()?)?;
//!     poll.registry().register(&mut listener, LISTENER, Interest::READABLE)?;
//!
//!     let mut streams = HashMap::new();
//!     let mut next_token = 1;
//! #   let Ok(address) = listener.local_addr() else { return Ok(()) };
//! #   let client = std::thread::Builder::new().spawn(move || -> io::Result<Vec<u8>> {
//! #       let mut stream = std::net::TcpStream::connect(address)?;
//! #       stream.write_all(b"hello")?;
//! #       stream.shutdown(std::net::Shutdown::Write)?;
//! #       let mut echoed = Vec::new();
//! #       stream.read_to_end(&mut echoed)?;
//! #       Ok(echoed)
//! #   });
//! #   // A guest has no thread for the client.
//! #   let Ok(client) = client else { return Ok(()) };
//! #   let mut served = 0;
//!     loop {
//!         poll.poll(&mut events, None)?;
//!         for event in &events {
//!             if event.token() == LISTENER {
//!                 // Until it would block, or the next connection makes no event.
//!                 while let Some(mut stream) = accept(&listener)? {
//!                     let token = Token(next_token);
//!                     next_token += 1;
//!                     poll.registry().register(&mut stream, token, Interest::READABLE)?;
//!                     streams.insert(token, stream);
//!                 }
//!             } else if let Some(stream) = streams.get_mut(&event.token())
//!                 && !echo(stream)?
//!             {
//!                 if let Some(mut stream) = streams.remove(&event.token()) {
//!                     poll.registry().deregister(&mut stream)?;
//!                 }
//! #               served += 1;
//!             }
//!         }
//! #       if served == 1 {
//! #           let echoed = client.join().map_err(|_| "the client panicked")??;
//! #           assert_eq!(echoed, b"hello");
//! #           return Ok(());
//! #       }
//!     }
//! }
//!
//! /// The next connection, or `None` where there is none yet.
//! fn accept(listener: &TcpListener) -> io::Result<Option<TcpStream>> {
//!     match listener.accept() {
//!         Ok((stream, _peer)) => Ok(Some(stream)),
//!         Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(None),
//!         Err(error) => Err(error),
//!     }
//! }
//!
//! /// Sends back what is there; `false` once the peer has closed.
//! fn echo(stream: &mut TcpStream) -> io::Result<bool> {
//!     let mut buf = [0; 512];
//!     loop {
//!         match stream.read(&mut buf) {
//!             Ok(0) => return Ok(false),
//!             // A server with much to send registers WRITABLE too and keeps what didn't fit.
//!             Ok(count) => stream.write_all(&buf[..count])?,
//!             Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(true),
//!             Err(error) if error.kind() == ErrorKind::Interrupted => {}
//!             Err(error) => return Err(error),
//!         }
//!     }
//! }
//! ```
//!
//! # 4. Waking it
//!
//! A [`Waker`](crate::Waker) makes a poll return its token: natively from any thread, in a guest, which
//! has one, from the code between two polls.
//!
//! ```
//! use wasi_poll::{Events, Poll, Token, Waker};
//!
//! # fn main() -> std::io::Result<()> {
//! # let mut poll = Poll::new()?;
//! # let mut events = Events::with_capacity(64);
//! let waker = Waker::new(poll.registry(), Token(usize::MAX))?;
//! waker.wake()?;
//! waker.wake()?;
//! poll.poll(&mut events, None)?;
//! assert_eq!(events.iter().count(), 1);
//! # Ok(())
//! # }
//! ```
//!
//! # The two worlds
//!
//! The same source builds for both:
//!
//! ```text
//! cargo run                                   # native
//! cargo build --target wasm32-wasip1          # a guest, for a preview1 host
//! ```
//!
//! A guest can't open sockets by itself: preview1 has no call for it, and that is the point, as the one
//! who runs it decides what it may reach. So the host opens the listeners (`--listen 127.0.0.1:8080`) and
//! [`TcpListener::bind`](crate::net::TcpListener::bind) claims one of them: by its address, or with
//! port 0 the next one free. What wasn't granted is
//! [`PermissionDenied`](std::io::ErrorKind::PermissionDenied), and the text tells what was.
//!
//! ## The network directory
//!
//! A host may grant more: to connect, to listen on what the guest chooses, to exchange datagrams. It then
//! preopens a directory, `/net`, in which opening a file opens a socket; the socket types use it by
//! themselves. It takes no import that preview1 hasn't, so the same module still starts everywhere.
//!
//! ```text
//! wasi-poll run --allow-connect 127.0.0.1:80 client.wasm      # TcpStream::connect
//! wasi-poll run --allow-listen 127.0.0.1:8080 server.wasm     # TcpListener::bind
//! wasi-poll run --allow-udp 127.0.0.1 resolver.wasm           # UdpSocket: its own address and the others'
//! ```
//!
//! Each names what the guest may use, and the host checks every use: each bind, each connect, each datagram
//! to an address. With any of them, `accept` tells peers, and sockets their addresses and options.
//!
//! Natively and in a guest `connect` doesn't wait. The writable event tells that it has ended:
//!
//! ```
//! use std::io;
//! use wasi_poll::net::TcpStream;
//!
//! /// Whether the stream, which had a writable event, is connected now.
//! fn is_connected(stream: &TcpStream) -> io::Result<bool> {
//!     if let Some(error) = stream.take_error()? {
//!         return Err(error);
//!     }
//!     match stream.peer_addr() {
//!         Ok(_) => Ok(true),
//!         Err(error) if error.kind() == io::ErrorKind::NotConnected => Ok(false),
//!         Err(error) => Err(error),
//!     }
//! }
//! ```
//!
//! ## What differs
//!
//! | | native | `wasm32-wasip1` |
//! |---|---|---|
//! | `bind` | opens a listener | claims one the host opened, or opens one in `/net` |
//! | `accept` | tells the peer's address | so with `/net`; else tells `0.0.0.0:0` |
//! | `connect`, UDP, socket options, addresses of streams | work | work with `/net`; else `Unsupported` |
//! | `send_to` on a connected datagram socket, elsewhere than to its peer | sends, or `EISCONN`, by system | `EISCONN` |
//! | dropping a source | leaves its registration to you | deregisters it |
//! | registering twice | an error in debug builds, or on some systems | always `AlreadyExists` |
//! | a descriptor registered by `SourceFd` | edge-triggered | level-triggered |
//! | a descriptor that can't be polled | an error from `register` | an `is_error` event |
//! | `Waker` | one a poll, from any thread | any number, between polls |
//! | a poll that nothing can end | waits for ever | `InvalidInput` |
//!
//! A program that drains its sources, deregisters before it drops them, and takes everything but
//! readable and writable for a hint can't tell the worlds apart.

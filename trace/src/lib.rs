//! What a guest asked of its host, call by call: the trace format, and all that reads it. No engine, no sockets.
//!
//! A trace is text: one JSON object a line, the first a [`Header`], each other an [`Entry`]. `wasi-poll run
//! --trace=FILE --trace-format json` writes one, and so does every deterministic play. The same call looks the same
//! in both; what differs is the clock.
//!
//! ```
//! use wasi_poll_trace::{Clock, Entry, Header, Reader, World, Writer};
//!
//! let mut bytes = Vec::new();
//! let header = Header::new(World::Play, Clock::Virtual).with_guest("echo.wasm", None).with_seed(7);
//! let mut writer = Writer::new(&mut bytes, &header)?;
//! let mut entry = Entry::on("fd_read", 5, 1_000);
//! entry.asked = Some(512);
//! entry.errno = Some("EAGAIN".into());
//! writer.write(&mut entry)?;
//! assert_eq!(
//!     std::str::from_utf8(&bytes).unwrap().lines().last(),
//!     Some(r#"{"n":1,"call":"fd_read","fd":5,"at_ns":1000,"asked":512,"errno":"EAGAIN"}"#)
//! );
//!
//! let mut reader = Reader::new(&bytes[..])?;
//! assert_eq!(reader.header().seed, Some(7));
//! assert_eq!(reader.next().unwrap()?, entry);
//! # Ok::<(), wasi_poll_trace::BadTrace>(())
//! ```
//!
//! What to do with a trace is in the [`guide`].
//!
//! # The format, version 1
//!
//! What a line has nothing to say about is left out: there is no `null`, no `false` and no empty list. Keys stand in
//! the order given here, so that equal traces are equal bytes. Times are whole nanoseconds. Numbers are JSON numbers;
//! userdata alone are strings, for they use all of 64 bits, which many programs' numbers can't hold. Who reads a trace
//! ignores keys it doesn't know; a change that such a reader would misunderstand gets the next version.
//!
//! ## The first line
//!
//! | key | what |
//! |---|---|
//! | `wasi_poll_trace` | the version of the format, 1 |
//! | `world` | `run`: the system's sockets. `play`: a deterministic network. `replay`: a recording's answers |
//! | `clock` | `real`, or `virtual`, which jumps and is the same in every run |
//! | `started_unix_ns` | the time of day, since 1970, when the guests' monotonic clock stood at 0 |
//! | `guests` | each `name`, and `module`, the SHA-256 of its file in hexadecimal |
//! | `seed` | what decided the faults and the order of a play |
//! | `scenario` | the play's scenario, by name |
//! | `trigger` | `edge`, where polls told each readiness once; left out where they tell levels, as preview1 does |
//! | `data` | `true`: bytes moved are in the lines |
//!
//! ## Every other line
//!
//! A call stands in the trace when it has *ended*; `at_ns` says when it began.
//!
//! | key | what |
//! |---|---|
//! | `n` | the line's number, from 1, over all guests |
//! | `guest` | whose call, by its name in the header; left out where there is one guest |
//! | `call` | preview1's function; or `end`, how the guest ended; or `note`, something that no guest did; or, in a recording, `host`: the call before it as numbers and bytes, in `text` |
//! | `fd` | the fd it is about |
//! | `onto` | `fd_renumber`: the fd that is replaced |
//! | `at_ns` | when it began, on the guests' monotonic clock |
//! | `took_ns` | how long it took, waiting included; left out when that is 0 |
//! | `path`, `target` | what a call in the network directory was given, its first 1,024 bytes |
//! | `value` | what `path_readlink` answered, as much as had room |
//! | `flags` | of a receive, a send, a `sock_shutdown` (1 receiving, 2 sending), or the fd's that were set |
//! | `asked` | how many bytes the call had room for, or wanted to send |
//! | `bytes` | how many it moved |
//! | `led_bytes` | how many of them, at the beginning, are the address that leads a datagram |
//! | `truncated` | the datagram was longer |
//! | `data` | the bytes moved, in base64 |
//! | `new_fd` | what `sock_accept` or `path_open` opened |
//! | `local`, `peer` | the addresses of what was opened; of a datagram, `peer` is where it came from or goes |
//! | `clock`, `time_ns` | `clock_time_get`: `realtime` or `monotonic`, and the answer |
//! | `subscriptions` | `poll_oneoff`: what it subscribed to |
//! | `changes` | a write to a readiness set: what it changed |
//! | `set`, `timeout_ns` | a read of a readiness set, which is a poll: `true`, and how long it was to wait; left out for as long as it takes |
//! | `events` | `poll_oneoff`, or a read of a readiness set: what it was told |
//! | `ready` | a poll: what was ready as it ended, subscribed to or not, by `fd`: `read`, `write` |
//! | `errno` | what it answered, `ESUCCESS` included |
//! | `ended` | instead of an errno: why the guest ended in this call; in a play also where one waits as that is over |
//! | `code` | `end`: the exit code |
//! | `text` | `note`: what happened |
//!
//! A subscription has `userdata`, `type` (`read`, `write` or `clock`), then `fd`, or `clock`, `timeout_ns` and
//! `absolute`. A change has the same, `removed` where it ends a subscription, and `edge` where events leave that there. A
//! change to a clock is how long reads wait from then on. An event has `userdata`, `type`,
//! `errno` where the subscription failed, `nbytes`, `hangup`, and `error`, the error pending on the socket.
//!
//! Userdata are what the guest wrote. Of a guest on this project's poller that is the registration's key and
//! generation, not its `Token`, which never leaves the guest; the fd beside it tells what is meant.
//!
//! # Where things are
//!
//! | file | noun |
//! |---|---|
//! | `header.rs`, `entry.rs` | what a line holds |
//! | `writer.rs`, `reader.rs` | lines out and in |
//! | `text.rs` | an entry for people |
//! | `doctor/` | what is wrong with a poll loop |
//! | `picture/` | a trace as lanes, on a screen or as SVG |
//! | `pcap/` | what crossed the sockets, as packets |
//! | `live/` | a guest while it runs |
#![forbid(unsafe_code)]

mod data;
pub mod doctor;
mod entry;
pub mod guide;
mod header;
pub mod live;
pub mod pcap;
pub mod picture;
mod reader;
mod text;
mod userdata;
mod writer;

pub use data::Data;
pub use entry::{Change, ClockName, Entry, Event, Kind, ReadyFd, Subscription};
pub use header::{Clock, GuestName, Header, Trigger, VERSION, World};
pub use reader::{BadTrace, Reader, Trace};
pub use text::escaped;
pub use userdata::Userdata;
pub use writer::{Observe, Writer};

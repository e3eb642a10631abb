//! The network directory, `/net`: how a guest opens, connects, names and adjusts sockets with the calls preview1
//! has. What a socket then does is not decided here.
//!
//! # The protocol
//!
//! A host that gives a guest any socket preopens one more directory, behind all others, whose name is `/net`. Any language that can open a file can open a socket in it. No import is added, so the module
//! stays valid on every preview1 host; one without `/net` shows no such directory (`ENOENT`, or `EBADF`
//! behind the last preopen).
//!
//! Paths are relative to the directory. `ADDR` is `127.0.0.1:80` or `[::1]:80`, as `SocketAddr` writes and
//! reads it; `N` is the number of an open fd of the guest.
//!
//! | call | does |
//! |---|---|
//! | `path_open tcp/listen/ADDR` | opens a listener; port 0 asks for any. The address of a preopened listener needs no grant and answers that listener's fd, once: `EADDRINUSE` after that |
//! | `path_open tcp/connect/ADDR` | opens a stream. With `NONBLOCK` among the fdflags it answers at once: the stream is writable when it is connected or has failed, and `fd/N/error` tells which; a failure that is known at once may be the call's own errno. Without, it waits, and answers with how that ended |
//! | `path_open udp/bind/ADDR` | opens a datagram socket; port 0 asks for any. The address of a preopened one needs no grant and answers its fd, once |
//! | `path_open poll` | opens a [readiness set](#readiness-sets) |
//! | `path_readlink fd/N/ATTRIBUTE` | reads an attribute |
//! | `path_symlink VALUE fd/N/ATTRIBUTE` | sets an attribute: `VALUE` is the link's target |
//! | `path_readlink dns/NAME` | the addresses of a name, IPv4 and IPv6, separated by commas. Waits for the answer, at most [`LOOKUP_DEADLINE_NS`] |
//!
//! Of `path_open`'s other arguments, `oflags` must not ask for a directory (`ENOTDIR`); `CREAT`, `EXCL` and
//! `TRUNC` mean nothing here, and rights are not limited.
//!
//! | attribute | of | value | set |
//! |---|---|---|---|
//! | `local` | all | `ADDR` | – |
//! | `peer` | streams, connected datagram sockets | `ADDR` | datagram sockets: connects |
//! | `error` | all | the pending errno's number, taken, or `0` | – |
//! | `nodelay` | streams | `0` or `1` | yes |
//! | `ttl` | all | 1 … 255 | yes |
//! | `only_v6` | listeners, datagram sockets | `0` or `1` | – |
//! | `broadcast` | datagram sockets | `0` or `1` | yes |
//! | `multicast_loop_v4`, `multicast_loop_v6` | datagram sockets | `0` or `1` | yes |
//! | `multicast_ttl_v4` | datagram sockets | 0 … 255 | yes |
//! | `join_v4`, `leave_v4` | datagram sockets | `GROUP INTERFACE`, two IPv4 addresses | only |
//! | `join_v6`, `leave_v6` | datagram sockets | `GROUP INDEX`, an IPv6 address and an interface's number | only |
//!
//! `path_readlink` writes as much of the value as fits, as POSIX has it, and no terminator.
//!
//! ## Datagrams
//!
//! A connected datagram socket sends and receives bare datagrams, by `sock_send`, `sock_recv`, `fd_write` and
//! `fd_read`. On one that is not, every datagram is led by an address record of [`ADDRESS_BYTES`] bytes,
//! counted in the call's bytes, little-endian:
//!
//! | field | offset | width |
//! |---|---|---|
//! | family: 4 or 6 | 0 | 2 |
//! | port | 2 | 2 |
//! | flow label (IPv6) | 4 | 4 |
//! | address, IPv4 in the first 4 bytes | 8 | 16 |
//! | scope (IPv6) | 24 | 4 |
//! | 0 | 28 | 4 |
//!
//! A datagram longer than the buffers loses its end, and `sock_recv`'s `roflags` say so (bit 0).
//!
//! ## Readiness sets
//!
//! `poll_oneoff` takes the whole array of subscriptions at every call. A readiness set keeps them on the host, so
//! that a poll costs what is ready. `path_open poll` opens one; it needs no grant. There can be
//! [`Limits::readiness_sets`](crate::Limits) of them, and behind that it is `EMFILE`.
//!
//! | call on the set | does |
//! |---|---|
//! | `fd_write` | makes changes, in order. Each is a `subscription` record of 48 bytes with tag 1 (`fd_read`) or 2 (`fd_write`), as `poll_oneoff` takes it, and, at offset 40, 2 bytes of flags, of which one may be set: bit 0 ends the subscription of that fd, type and userdata instead, if it is there; bit 1 lets it stay, see below. With tag 0 (a clock) it is how long a read waits from now on, see below, too. The count tells how many bytes were taken: fewer when there was no room for more subscriptions, `ENOMEM` when there was none for the first. `EINVAL` for half a record, an unknown flag or clock, and nothing is changed |
//! | `fd_read` | takes `event` records of 32 bytes, as `poll_oneoff` writes them: as many as there are and the buffers hold. It waits for the first as long as it is to; then, and at once where the set is `NONBLOCK`, it is `EAGAIN`. `EINVAL` for buffers without room for one |
//! | `poll_oneoff`, subscribed to reading the set's own fd | waits until the set has an event, beside whatever else it is subscribed to |
//! | `fd_close` | ends it, and its subscriptions |
//!
//! An event ends its subscription: whoever has seen to it and wants to hear of the next subscribes again. A
//! subscription is told at once when its direction is ready as it begins. There is one for each type of each fd;
//! subscribing again replaces it, its userdata included.
//!
//! **One that stays** (bit 1) is not ended by its event, but quiet from then on, until a call on the socket has found
//! that direction drained: it was answered `EAGAIN` or `EINTR`, or moved fewer bytes than it was asked for (a receive of 0
//! bytes is the end, and drains nothing). Then the next is told. So a program that drains what it is told of
//! writes no further change. What isn't a socket is told at each read.
//!
//! **How long a read waits** is a relative span on the monotonic clock, in nanoseconds, like `SO_RCVTIMEO`: from the first
//! read on it is for ever (`u64::MAX`). So a poll is one call, and with another timeout than the one before it is two.
//!
//! A subscription is to the descriptor, not to its number. When that is closed, or renumbered away or over, the
//! event is `EBADF`, whatever the number is given to next, until that is subscribed itself. An fd that is not open
//! is `EBADF` at once; another readiness set is `EINVAL`. `poll_oneoff` may watch several sets, files and clocks beside
//! them.
//!
//! ## Errnos
//!
//! | errno | when |
//! |---|---|
//! | `EACCES` | no grant allows it. Nothing has left the host then |
//! | `EINVAL` | the path or the value doesn't parse |
//! | `ENAMETOOLONG` | the path has more than 1,024 bytes, the value more than 1,024, or the name more than 253 |
//! | `ENOENT` | the path names nothing here; a name has no addresses |
//! | `EBADF`, `ENOTSOCK` | `N` is not open, or not a socket |
//! | `ENOPROTOOPT` | that socket has no such attribute, or it can't be set |
//! | `EMFILE` | the guest has no more fds |
//! | `ETIMEDOUT`, `EAI`-like failures as `EIO` | a look-up found no answer |
//! | `EPERM` | any other call on a path here: nothing is created, linked, renamed or removed |
//!
//! and those of the socket call of the same meaning, such as `EADDRINUSE` and `ECONNREFUSED`.
//!
//! # What a grant covers
//!
//! Every address is checked when it is used: listening, connecting, binding, connecting a datagram socket,
//! joining a group (as an address with the socket's port), each datagram sent to an address, a name looked up.
//!
//! A rule on a name allows looking the name up, and the addresses it has at that moment or had within the last
//! minute. When that takes a look-up, the call waits for it, at most [`LOOKUP_DEADLINE_NS`], **also with
//! `NONBLOCK`**: preview1 has no errno for "ask me again later", and no fd yet that could be polled for it. A
//! program that must not wait there looks the name up itself, where waiting is meant (`dns/NAME`), and connects
//! to what it was told: within a minute of that, nothing is looked up again. Rules on addresses take no look-up.

mod attribute;
mod calls;
mod grants;
mod path;
mod permit;

pub use calls::Opened;
pub use grants::{BadRule, Grants, NamePattern, Rule, Verdict};
pub use permit::{LOOKUP_DEADLINE_NS, Refusal};
pub(crate) use permit::{Lookups, Use};

pub use crate::record::{ADDRESS_BYTES, decode_address, encode_address};

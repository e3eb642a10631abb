//! The bytes of preview1's records, little-endian, each decoded or encoded here alone. Nothing here knows
//! what any socket is ready for.
//!
//! Offsets and widths are in bytes.
//!
//! | `subscription` (48, aligned 8) | offset | width |
//! |---|---|---|
//! | `userdata` | 0 | 8 |
//! | tag: 0 clock, 1 `fd_read`, 2 `fd_write` | 8 | 1 |
//! | clock: id | 16 | 4 |
//! | clock: timeout, ns | 24 | 8 |
//! | clock: precision, ns | 32 | 8 |
//! | clock: flags, bit 0 absolute | 40 | 2 |
//! | `fd_read`, `fd_write`: fd | 16 | 4 |
//! | `fd_read`, `fd_write`, written to a readiness set: flags, bit 0 unsubscribe, bit 1 edge | 40 | 2 |
//!
//! | `event` (32, aligned 8) | offset | width |
//! |---|---|---|
//! | `userdata` | 0 | 8 |
//! | errno of the subscription | 8 | 2 |
//! | type, as the tag | 10 | 1 |
//! | `fd_read`, `fd_write`: nbytes | 16 | 8 |
//! | `fd_read`, `fd_write`: flags, bit 0 hangup, bit 1 error | 24 | 2 |
//!
//! **Bit 1 of the event's flags is an extension.** The socket has a pending error, which its next call
//! returns, a receive once the bytes that came before are taken; `nbytes` holds its number. The event's own
//! errno stays 0, because programs written for preview1 take that for a failure of the whole poll, and one
//! reset connection must not end a server. Hosts without the extension never set the bit. Otherwise `nbytes` is a lower bound: at least 1 when bytes or
//! room are there, 0 once the peer has ended the direction, though bytes may lie before that end.

mod address;
mod change;
#[cfg(test)]
mod tests;

use crate::{Errno, Failure, Memory, Trap};
pub use address::{ADDRESS_BYTES, decode_address, encode_address};
pub use change::Change;

/// Bytes in one subscription.
pub const SUBSCRIPTION_BYTES: u32 = 48;
/// Bytes in one event.
pub const EVENT_BYTES: u32 = 32;
/// Bytes in an fdstat.
const FDSTAT_BYTES: u32 = 24;
/// Bytes in a filestat.
pub const FILESTAT_BYTES: u32 = 64;
/// Bytes in one iovec: a pointer and a length, 4 each.
pub const IOVEC_BYTES: u32 = 8;

const HANGUP: u16 = 1;
const ERROR: u16 = 2;

/// What a guest asks `poll_oneoff` to tell it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Subscription {
    /// Comes back in the event as it went in.
    pub userdata: u64,
    /// What is waited for.
    pub watch: Watch,
}

/// What one subscription waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Watch {
    /// A moment.
    Clock {
        /// On which clock.
        clock: Clock,
        /// When, in nanoseconds.
        timeout_ns: u64,
        /// Whether that is a reading of the clock, rather than a span from now.
        absolute: bool,
    },
    /// Bytes, a connection or an end on this fd.
    Read(u32),
    /// Room on this fd.
    Write(u32),
}

/// The clocks a poll can wait on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Clock {
    /// Time of day, since 1970.
    Realtime,
    /// Never goes back.
    Monotonic,
}

/// What `poll_oneoff` tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Event {
    /// The subscription's.
    pub userdata: u64,
    /// Whether the subscription itself failed; [`Errno::Success`] otherwise.
    pub errno: Errno,
    /// What happened.
    pub kind: EventKind,
}

/// What one event is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventKind {
    /// The moment has come.
    Clock,
    /// Something can be read.
    Read(Ready),
    /// Something can be written.
    Write(Ready),
}

/// How ready a direction is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ready {
    /// At least so many bytes can be moved.
    pub bytes: u64,
    /// The peer has ended this direction.
    pub hangup: bool,
    /// The error that the socket's next call returns, a receive behind the bytes that came before.
    pub error: Option<Errno>,
}

/// The flags of an fd (`fdflags`, 16 bits).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Fdflags(pub u16);

impl Fdflags {
    /// Calls on the fd answer `EAGAIN` rather than wait.
    pub const NONBLOCK: Fdflags = Fdflags(4);

    /// The flags a guest may set on a socket.
    ///
    /// # Errors
    /// `EINVAL` for any but `NONBLOCK`.
    pub fn of_socket(raw: u32) -> Result<Fdflags, Errno> {
        if raw & !u32::from(Fdflags::NONBLOCK.0) == 0 { Ok(Fdflags(raw as u16)) } else { Err(Errno::Inval) }
    }

    /// Whether `NONBLOCK` is among them.
    pub fn is_nonblock(self) -> bool {
        self.0 & Fdflags::NONBLOCK.0 != 0
    }
}

/// What kind of thing an fd is (`filetype`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Filetype {
    /// None of those below.
    Unknown = 0,
    /// A directory.
    Directory = 3,
    /// A datagram socket.
    SocketDgram = 5,
    /// A stream socket, listening or connected.
    SocketStream = 6,
    /// A symbolic link.
    SymbolicLink = 7,
}

/// What `fd_fdstat_get` answers for a socket: 24 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fdstat {
    /// What it is.
    pub filetype: Filetype,
    /// Its flags.
    pub flags: Fdflags,
    /// What may be done with it (`rights`).
    pub rights: u64,
}

fn u16_at(record: &[u8], offset: usize) -> u16 {
    u16::from_le_bytes([record[offset], record[offset + 1]])
}

fn u32_at(record: &[u8], offset: usize) -> u32 {
    let mut bytes = [0; 4];
    bytes.copy_from_slice(&record[offset..offset + 4]);
    u32::from_le_bytes(bytes)
}

fn u64_at(record: &[u8], offset: usize) -> u64 {
    let mut bytes = [0; 8];
    bytes.copy_from_slice(&record[offset..offset + 8]);
    u64::from_le_bytes(bytes)
}

impl Subscription {
    /// Decodes one record of 48 bytes.
    ///
    /// # Errors
    /// `EINVAL` for an unknown tag, clock or flag; `ENOTSUP` for the clocks of CPU time.
    pub fn decode(record: &[u8]) -> Result<Subscription, Errno> {
        let watch = match record[8] {
            0 => {
                let clock = match u32_at(record, 16) {
                    0 => Clock::Realtime,
                    1 => Clock::Monotonic,
                    2 | 3 => return Err(Errno::Notsup),
                    _ => return Err(Errno::Inval),
                };
                let flags = u16_at(record, 40);
                if flags > 1 {
                    return Err(Errno::Inval);
                }
                Watch::Clock { clock, timeout_ns: u64_at(record, 24), absolute: flags == 1 }
            }
            1 => Watch::Read(u32_at(record, 16)),
            2 => Watch::Write(u32_at(record, 16)),
            _ => return Err(Errno::Inval),
        };
        Ok(Subscription { userdata: u64_at(record, 0), watch })
    }

    /// Encodes the record, as a guest would.
    pub fn encode(&self) -> [u8; SUBSCRIPTION_BYTES as usize] {
        let mut record = [0; SUBSCRIPTION_BYTES as usize];
        record[..8].copy_from_slice(&self.userdata.to_le_bytes());
        match self.watch {
            Watch::Clock { clock, timeout_ns, absolute } => {
                let id = u32::from(clock == Clock::Monotonic);
                record[16..20].copy_from_slice(&id.to_le_bytes());
                record[24..32].copy_from_slice(&timeout_ns.to_le_bytes());
                record[40] = u8::from(absolute);
            }
            Watch::Read(fd) | Watch::Write(fd) => {
                record[8] = if matches!(self.watch, Watch::Read(_)) { 1 } else { 2 };
                record[16..20].copy_from_slice(&fd.to_le_bytes());
            }
        }
        record
    }
}

impl Event {
    /// Encodes the record.
    pub fn encode(&self) -> [u8; EVENT_BYTES as usize] {
        let mut record = [0; EVENT_BYTES as usize];
        record[..8].copy_from_slice(&self.userdata.to_le_bytes());
        record[8..10].copy_from_slice(&self.errno.raw().to_le_bytes());
        let (tag, ready) = match self.kind {
            EventKind::Clock => (0, Ready::default()),
            EventKind::Read(ready) => (1, ready),
            EventKind::Write(ready) => (2, ready),
        };
        record[10] = tag;
        let bytes = ready.error.map_or(ready.bytes, |errno| u64::from(errno.raw()));
        record[16..24].copy_from_slice(&bytes.to_le_bytes());
        let hangup = if ready.hangup { HANGUP } else { 0 };
        let error = if ready.error.is_some() { ERROR } else { 0 };
        record[24..26].copy_from_slice(&(hangup | error).to_le_bytes());
        record
    }

    /// Decodes one record of 32 bytes, as a guest would; `None` for a type or errno that does not exist.
    pub fn decode(record: &[u8]) -> Option<Event> {
        let flags = u16_at(record, 24);
        let bytes = u64_at(record, 16);
        let error = if flags & ERROR == 0 { None } else { Errno::from_raw(u16::try_from(bytes).ok()?) };
        let ready =
            Ready { bytes: if error.is_some() { 0 } else { bytes }, hangup: flags & HANGUP != 0, error };
        let kind = match record[10] {
            0 => EventKind::Clock,
            1 => EventKind::Read(ready),
            2 => EventKind::Write(ready),
            _ => return None,
        };
        Some(Event { userdata: u64_at(record, 0), errno: Errno::from_raw(u16_at(record, 8))?, kind })
    }
}

/// Writes an fdstat (24 bytes, aligned 8).
pub fn write_fdstat(memory: &mut Memory<'_>, pointer: u32, stat: &Fdstat) -> Result<(), Trap> {
    memory.check(pointer, u64::from(FDSTAT_BYTES), 8)?;
    let record = memory.slice_mut(pointer, FDSTAT_BYTES)?;
    record.fill(0);
    record[0] = stat.filetype as u8;
    record[2..4].copy_from_slice(&stat.flags.0.to_le_bytes());
    record[8..16].copy_from_slice(&stat.rights.to_le_bytes());
    Ok(())
}

/// Writes the flags into an fdstat that is there already.
pub fn write_fdstat_flags(memory: &mut Memory<'_>, pointer: u32, flags: Fdflags) -> Result<(), Trap> {
    memory.check(pointer, u64::from(FDSTAT_BYTES), 8)?;
    memory.slice_mut(pointer, FDSTAT_BYTES)?[2..4].copy_from_slice(&flags.0.to_le_bytes());
    Ok(())
}

/// Writes the fdstat of a directory (24 bytes, aligned 8), which passes its own rights on to what it opens.
pub fn write_dir_fdstat(memory: &mut Memory<'_>, pointer: u32, stat: &Fdstat) -> Result<(), Trap> {
    write_fdstat(memory, pointer, stat)?;
    memory.slice_mut(pointer + 16, 8)?.copy_from_slice(&stat.rights.to_le_bytes());
    Ok(())
}

/// Writes the filestat of a socket or of the network directory (64 bytes, aligned 8): its type, and nothing
/// else is known.
pub fn write_filestat(memory: &mut Memory<'_>, pointer: u32, filetype: Filetype) -> Result<(), Trap> {
    memory.check(pointer, u64::from(FILESTAT_BYTES), 8)?;
    let record = memory.slice_mut(pointer, FILESTAT_BYTES)?;
    record.fill(0);
    record[16] = filetype as u8;
    Ok(())
}

/// Writes the prestat of a directory (8 bytes, aligned 4): tag 0, and how many bytes its name has.
pub fn write_dir_prestat(memory: &mut Memory<'_>, pointer: u32, name_bytes: u32) -> Result<(), Trap> {
    memory.check(pointer, 8, 4)?;
    let record = memory.slice_mut(pointer, 8)?;
    record.fill(0);
    record[4..].copy_from_slice(&name_bytes.to_le_bytes());
    Ok(())
}

/// Writes the prestat of a socket (8 bytes, aligned 4): tag 1, which is not a directory's 0.
pub fn write_socket_prestat(memory: &mut Memory<'_>, pointer: u32) -> Result<(), Trap> {
    memory.check(pointer, 8, 4)?;
    memory.slice_mut(pointer, 8)?.copy_from_slice(&[1, 0, 0, 0, 0, 0, 0, 0]);
    Ok(())
}

/// Writes a 32-bit number (fds, counts; aligned 4).
#[inline]
pub fn write_u32(memory: &mut Memory<'_>, pointer: u32, value: u32) -> Result<(), Trap> {
    memory.check(pointer, 4, 4)?;
    memory.slice_mut(pointer, 4)?.copy_from_slice(&value.to_le_bytes());
    Ok(())
}

/// Writes a 16-bit number (`roflags`; aligned 2).
pub fn write_u16(memory: &mut Memory<'_>, pointer: u32, value: u16) -> Result<(), Trap> {
    memory.check(pointer, 2, 2)?;
    memory.slice_mut(pointer, 2)?.copy_from_slice(&value.to_le_bytes());
    Ok(())
}

/// Decodes an array of iovecs into (pointer, length) pairs, all in bounds, and tells the sum of the lengths.
///
/// # Errors
/// `ENOMEM` for more than `limit`, `EINVAL` when the lengths add up to 2³² or more, and a trap when the array
/// or any buffer lies outside the memory.
#[inline]
pub fn read_iovecs(
    memory: &Memory<'_>,
    pointer: u32,
    count: u32,
    limit: u32,
    into: &mut Vec<(u32, u32)>,
) -> Result<u32, Failure> {
    into.clear();
    if count > limit {
        return Err(Errno::Nomem.into());
    }
    memory.check(pointer, u64::from(count) * u64::from(IOVEC_BYTES), 4)?;
    let (mut total, mut checked) = (0, Ok(()));
    let (records, _) = memory.slice(pointer, count * IOVEC_BYTES)?.as_chunks::<{ IOVEC_BYTES as usize }>();
    for &record in records {
        // The pointer first, in the lower half.
        let both = u64::from_le_bytes(record);
        let (start, length) = (both as u32, (both >> 32) as u32);
        total += u64::from(length);
        checked = checked.and_then(|()| memory.check(start, u64::from(length), 1));
        into.push((start, length));
    }
    let total = u32::try_from(total).map_err(|_| Errno::Inval)?;
    checked?;
    Ok(total)
}

//! How much a call on files may have wasmtime-wasi copy by the guest's own number. What the calls do is `files.rs`'s.

use wasi_poll_preview1::{Errno, Failure, Memory};

/// No system has a longer path, in bytes.
const PATH_BYTES: u32 = 64 << 10;
/// What a call may have copied beside what it moves, in bytes: iovecs, two paths.
const BESIDE: usize = 1 << 20;

const IOVEC_BYTES: u32 = 8;

/// What wasmtime-wasi may copy in one call, in bytes, as it counts them: `ENOMEM` for more.
pub fn fuel(call_bytes: u32) -> usize {
    BESIDE + call_bytes as usize
}

/// Checks a path, a pointer and a length, before it is copied.
///
/// # Errors
/// `ENAMETOOLONG`, and a trap when it lies outside the memory.
pub fn check_path(memory: &Memory<'_>, (path, length): (u32, u32)) -> Result<(), Failure> {
    memory.check(path, u64::from(length), 1)?;
    if length > PATH_BYTES { Err(Errno::Nametoolong.into()) } else { Ok(()) }
}

/// A transfer that is made shorter while it lasts: wasmtime-wasi moves the first buffer that isn't empty, and that is given
/// the length it may have. A short read or write is right as it is; the guest goes on with the next.
#[derive(Debug)]
#[must_use = "the length has to be what it was again"]
pub struct Cut(Option<(u32, u32)>);

impl Cut {
    /// Cuts a transfer whose pointers have been checked to `limit` bytes. One whose bytes lie over its own iovec is left
    /// as it is, and `ENOMEM`: what it moves would be seen to change.
    pub fn new(memory: &mut [u8], (iovecs, count): (u32, u32), told: u32, limit: u32) -> Cut {
        let mut memory = Memory::new(memory);
        for record in (0..count).map(|place| iovecs + place * IOVEC_BYTES) {
            let (pointer, length) = (word(&memory, record), word(&memory, record + 4));
            if length == 0 {
                continue;
            }
            let field = record + 4;
            let is_over_it = |start: u32, bytes: u32| {
                u64::from(start) < u64::from(field) + 4
                    && u64::from(field) < u64::from(start) + u64::from(bytes)
            };
            if length > limit && !is_over_it(pointer, length) && !is_over_it(told, 4) {
                write(&mut memory, field, limit);
                return Cut(Some((field, length)));
            }
            break;
        }
        Cut(None)
    }

    /// When it was made.
    pub fn undo(self, memory: &mut [u8]) {
        if let Cut(Some((field, length))) = self {
            write(&mut Memory::new(memory), field, length);
        }
    }
}

fn word(memory: &Memory<'_>, pointer: u32) -> u32 {
    let bytes = memory.slice(pointer, 4).ok().and_then(|bytes| <[u8; 4]>::try_from(bytes).ok());
    bytes.map_or(0, u32::from_le_bytes)
}

fn write(memory: &mut Memory<'_>, pointer: u32, value: u32) {
    if let Ok(bytes) = memory.slice_mut(pointer, 4) {
        bytes.copy_from_slice(&value.to_le_bytes());
    }
}

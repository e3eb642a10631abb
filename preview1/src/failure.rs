//! The two ways a call can fail: an errno the guest sees, and a trap that ends it.

use crate::Errno;
use std::fmt;

/// Why a call did not succeed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// The guest is told, and goes on.
    Errno(Errno),
    /// The guest broke the ABI itself, and is ended before the call had any effect.
    Trap(Trap),
}

/// How a guest broke the ABI: a pointer no correct program passes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trap {
    /// `pointer .. pointer + length` does not lie in the guest's memory of `memory_bytes` bytes.
    OutOfBounds {
        /// Where the range starts.
        pointer: u32,
        /// How many bytes it has.
        length: u64,
        /// How large the memory is.
        memory_bytes: u64,
    },
    /// `pointer` is not a multiple of `alignment`.
    Misaligned {
        /// The pointer.
        pointer: u32,
        /// What it must be a multiple of, in bytes.
        alignment: u32,
    },
}

impl fmt::Display for Trap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Trap::OutOfBounds { pointer, length, memory_bytes } => write!(
                f,
                "the guest passed {length} bytes at {pointer:#x}, outside its memory of {memory_bytes} bytes"
            ),
            Trap::Misaligned { pointer, alignment } => {
                write!(f, "the guest passed {pointer:#x} where a multiple of {alignment} is due")
            }
        }
    }
}

impl std::error::Error for Trap {}

impl From<Errno> for Failure {
    fn from(errno: Errno) -> Failure {
        Failure::Errno(errno)
    }
}

impl From<Trap> for Failure {
    fn from(trap: Trap) -> Failure {
        Failure::Trap(trap)
    }
}

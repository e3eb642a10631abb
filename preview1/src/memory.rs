//! A guest's linear memory for the length of one call: every access checked. It knows no record's layout.

use crate::Trap;

/// The guest's linear memory, borrowed for one call and never across a wait.
#[derive(Debug)]
pub struct Memory<'a> {
    bytes: &'a mut [u8],
}

impl<'a> Memory<'a> {
    /// The memory that `bytes` is.
    #[inline]
    pub fn new(bytes: &'a mut [u8]) -> Memory<'a> {
        Memory { bytes }
    }

    /// `length` bytes from `pointer`.
    ///
    /// # Errors
    /// [`Trap::OutOfBounds`] when they do not all lie in the memory.
    #[inline]
    pub fn slice(&self, pointer: u32, length: u32) -> Result<&[u8], Trap> {
        self.check(pointer, u64::from(length), 1)?;
        Ok(&self.bytes[pointer as usize..pointer as usize + length as usize])
    }

    /// `length` bytes from `pointer`, to write to.
    ///
    /// # Errors
    /// [`Trap::OutOfBounds`] when they do not all lie in the memory.
    #[inline]
    pub fn slice_mut(&mut self, pointer: u32, length: u32) -> Result<&mut [u8], Trap> {
        self.check(pointer, u64::from(length), 1)?;
        Ok(&mut self.bytes[pointer as usize..pointer as usize + length as usize])
    }

    /// Checks a range before anything is done: bounds first, then alignment (in bytes, a power of two).
    ///
    /// # Errors
    /// [`Trap::OutOfBounds`] or [`Trap::Misaligned`].
    #[inline]
    pub fn check(&self, pointer: u32, length: u64, alignment: u32) -> Result<(), Trap> {
        let memory_bytes = self.bytes.len() as u64;
        if u64::from(pointer) + length > memory_bytes {
            return Err(Trap::OutOfBounds { pointer, length, memory_bytes });
        }
        if !pointer.is_multiple_of(alignment) {
            return Err(Trap::Misaligned { pointer, alignment });
        }
        Ok(())
    }
}

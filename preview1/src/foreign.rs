//! Reading and writing streams that are held elsewhere, as stdio is: the iovecs, and waiting until the stream
//! is ready, are the same as a socket's. What the stream does is the holder's.

use crate::transfer::with_slices;
use crate::{Errno, Failure, Fdflags, Memory, Network, Process, Progress, Received, record};
use std::io::IoSlice;

impl<N: Network> Process<N> {
    /// `fd_read` on a stream held elsewhere: once it is ready, `read` fills the first buffer that isn't empty.
    /// Asking for no more than the guest did keeps the readiness of the stream true.
    ///
    /// # Errors
    /// `EAGAIN` when it isn't ready and is not to block, what `read` answers, and of bad iovecs what [`fd_read`](Self::fd_read) does.
    pub fn foreign_read(
        &mut self,
        memory: &mut Memory<'_>,
        fd: u32,
        (iovecs, count): (u32, u32),
        bytes_pointer: u32,
        read: impl FnOnce(&mut [u8]) -> Result<usize, Errno>,
    ) -> Result<Progress<Received>, Failure> {
        memory.check(bytes_pointer, 4, 4)?;
        self.decode_stream_iovecs(memory, iovecs, count)?;
        let mut bytes = 0;
        if let Some(&(pointer, length)) = self.iovecs.iter().find(|(_, length)| *length > 0) {
            if self.foreign_ready(fd, false)? == Progress::Blocked {
                return self.foreign_blocked(fd);
            }
            bytes = read(memory.slice_mut(pointer, length)?)? as u32;
        }
        record::write_u32(memory, bytes_pointer, bytes)?;
        Ok(Progress::Done(Received { bytes, truncated: false }))
    }

    /// `fd_write` on a stream held elsewhere: once it has room, `write` gets all the buffers.
    ///
    /// # Errors
    /// `EAGAIN` when it has no room and is not to block, what `write` answers, and of bad iovecs what [`fd_write`](Self::fd_write) does.
    pub fn foreign_write(
        &mut self,
        memory: &mut Memory<'_>,
        fd: u32,
        (iovecs, count): (u32, u32),
        bytes_pointer: u32,
        write: impl FnOnce(&[IoSlice<'_>]) -> Result<usize, Errno>,
    ) -> Result<Progress<u32>, Failure> {
        memory.check(bytes_pointer, 4, 4)?;
        let total = self.decode_stream_iovecs(memory, iovecs, count)?;
        let mut bytes = 0;
        if total > 0 {
            if self.foreign_ready(fd, true)? == Progress::Blocked {
                return self.foreign_blocked(fd);
            }
            bytes = with_slices(memory, &self.iovecs, 0, write)?? as u32;
        }
        record::write_u32(memory, bytes_pointer, bytes)?;
        Ok(Progress::Done(bytes))
    }

    /// Checks the buffers of a transfer on a file, and where the bytes are counted, before its holder makes it: as a
    /// socket's are.
    ///
    /// # Errors
    /// Of bad iovecs what [`fd_read`](Self::fd_read) answers; a trap for a bad pointer.
    pub fn check_transfer(
        &mut self,
        memory: &Memory<'_>,
        (iovecs, count): (u32, u32),
        bytes_pointer: u32,
    ) -> Result<(), Failure> {
        memory.check(bytes_pointer, 4, 4)?;
        self.decode_iovecs(memory, iovecs, count)?;
        Ok(())
    }

    /// `fd_fdstat_set_flags` of a stream held elsewhere, if these calls move its bytes. The guest alone sees
    /// them: whoever shares the stream outside is not to find it changed.
    ///
    /// # Errors
    /// `EBADF`; `EINVAL` for any flag but `NONBLOCK`.
    pub fn foreign_set_flags(&mut self, fd: u32, flags: u32) -> Result<(), Errno> {
        *self.table.foreign_flags(fd)? = Fdflags::of_socket(flags)?;
        Ok(())
    }

    /// Writes these flags into the fdstat (24 bytes) that the holder has written to `pointer`.
    ///
    /// # Errors
    /// `EBADF`; a trap when the record lies outside the memory or misaligned.
    pub fn foreign_get_flags(
        &mut self,
        memory: &mut Memory<'_>,
        fd: u32,
        pointer: u32,
    ) -> Result<(), Failure> {
        let flags = *self.table.foreign_flags(fd)?;
        Ok(record::write_fdstat_flags(memory, pointer, flags)?)
    }

    /// What a call answers that would have to wait.
    fn foreign_blocked<T>(&mut self, fd: u32) -> Result<Progress<T>, Failure> {
        if self.table.foreign_flags(fd)?.is_nonblock() {
            return Err(Errno::Again.into());
        }
        Ok(Progress::Blocked)
    }
}

//! What a guest does in the network directory, and with datagrams. It decides nothing about either.

use super::guest::{BUFFER, BYTES, FD, NONBLOCK, PATH, VALUE};
use super::{Guest, Rig, record};
use crate::net_dir::Grants;
use crate::record::{ADDRESS_BYTES, decode_address, encode_address};
use crate::{Errno, Failure, Limits};
use std::net::SocketAddr;

impl<R: Rig> Guest<R> {
    /// One that was granted so much, and may use up so much, with the network directory at fd 3.
    pub fn granted(grants: Grants, limits: Limits) -> Guest<R> {
        let mut guest = Guest::with_limits(limits);
        assert_eq!(guest.process.grant(grants), Ok(Some(3)));
        guest
    }

    /// One that was granted everything.
    pub fn free() -> Guest<R> {
        Guest::granted(Grants::all(), Limits::default())
    }

    /// `path_open` in the network directory.
    pub fn open(&mut self, path: &str, fdflags: u32) -> Result<u32, Failure> {
        let path = self.put(PATH, path.as_bytes());
        let opened = self.finish(|process, memory| process.net_open(memory, path, 0, fdflags, FD))?;
        assert_eq!(record::read_u32(&self.memory, FD), opened.fd, "the fd in the guest's memory");
        Ok(opened.fd)
    }

    /// `path_readlink` in the network directory.
    pub fn read_link(&mut self, path: &str) -> Result<String, Failure> {
        let path = self.put(PATH, path.as_bytes());
        let used = self.finish(|process, memory| process.net_readlink(memory, path, BUFFER, 4_096, BYTES))?;
        assert_eq!(record::read_u32(&self.memory, BYTES), used, "the count in the guest's memory");
        Ok(str::from_utf8(self.bytes_at(BUFFER, used)).expect("text").to_owned())
    }

    /// `path_symlink` in the network directory.
    pub fn set(&mut self, path: &str, value: &str) -> Result<(), Failure> {
        let (path, value) = (self.put(PATH, path.as_bytes()), self.put(VALUE, value.as_bytes()));
        self.finish(|process, memory| process.net_symlink(memory, value, path))
    }

    /// An attribute of a socket.
    pub fn attribute(&mut self, fd: u32, name: &str) -> Result<String, Failure> {
        self.read_link(&format!("fd/{fd}/{name}"))
    }

    /// Sets an attribute of a socket.
    pub fn set_attribute(&mut self, fd: u32, name: &str, value: &str) -> Result<(), Failure> {
        self.set(&format!("fd/{fd}/{name}"), value)
    }

    /// The address of a socket.
    #[track_caller]
    pub fn local(&mut self, fd: u32) -> SocketAddr {
        self.attribute(fd, "local").expect("an address").parse().expect("an address as text")
    }

    /// A datagram socket on `127.0.0.1`, and its address.
    pub fn bound(&mut self, fdflags: u32) -> (u32, SocketAddr) {
        let fd = self.open("udp/bind/127.0.0.1:0", fdflags).expect("a datagram socket");
        (fd, self.local(fd))
    }

    /// An address of `127.0.0.1` where nobody listens.
    pub fn nobodys_address(&mut self) -> SocketAddr {
        let fd = self.open("tcp/listen/127.0.0.1:0", NONBLOCK).expect("a listener");
        let address = self.local(fd);
        assert_eq!(self.process.fd_close(fd), Ok(crate::Closed::Whole));
        address
    }

    /// Sends a datagram from a socket that is not connected: how many bytes went, without the address.
    pub fn send_to(&mut self, fd: u32, bytes: &[u8], to: SocketAddr) -> Result<u32, Failure> {
        let led: Vec<u8> = encode_address(to).iter().chain(bytes).copied().collect();
        Ok(self.send(fd, &led)? - ADDRESS_BYTES as u32)
    }

    /// Receives a datagram on a socket that is not connected: its bytes, and who sent it.
    pub fn recv_from(&mut self, fd: u32, most: u32, flags: u32) -> Result<(Vec<u8>, SocketAddr), Failure> {
        let led = self.recv(fd, ADDRESS_BYTES as u32 + most, flags)?;
        let (address, bytes) = led.split_first_chunk::<ADDRESS_BYTES>().ok_or(Errno::Io)?;
        Ok((bytes.to_vec(), decode_address(address)?))
    }

    /// Whether the last `sock_recv` lost the end of a datagram.
    pub fn was_truncated(&self) -> bool {
        self.memory[super::guest::ROFLAGS as usize] & 1 != 0
    }

    /// The number the next descriptor gets: anything that was opened and not meant to be would have taken it.
    pub fn next_fd(&mut self) -> u32 {
        let fd = self.process.insert_foreign(99).expect("a free fd");
        assert_eq!(self.process.fd_close(fd), Ok(crate::Closed::Foreign(99)));
        fd
    }

    pub(super) fn put(&mut self, pointer: u32, bytes: &[u8]) -> (u32, u32) {
        self.memory[pointer as usize..][..bytes.len()].copy_from_slice(bytes);
        (pointer, bytes.len() as u32)
    }
}

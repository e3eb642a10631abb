//! What every socket is beside its own methods: a source, and the owner of a descriptor. What its operations do
//! is its own type's.

/// Implements [`Source`](crate::event::Source), `Debug` and the conversions from and to descriptors and std's type of
/// the same name, for a socket with an `inner` that is an `IoSource` of that type.
macro_rules! socket {
    ($socket:ident) => {
        const _: () = {
            use std::fmt;
            use std::io;
            use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, IntoRawFd, OwnedFd, RawFd};

            use crate::event::Source;
            use crate::{Interest, Registry, Token};

            impl Source for $socket {
                fn register(
                    &mut self,
                    registry: &Registry,
                    token: Token,
                    interests: Interest,
                ) -> io::Result<()> {
                    self.inner.register(registry, token, interests)
                }

                fn reregister(
                    &mut self,
                    registry: &Registry,
                    token: Token,
                    interests: Interest,
                ) -> io::Result<()> {
                    self.inner.reregister(registry, token, interests)
                }

                fn deregister(&mut self, registry: &Registry) -> io::Result<()> {
                    self.inner.deregister(registry)
                }
            }

            impl fmt::Debug for $socket {
                fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                    self.inner.fmt(f)
                }
            }

            impl IntoRawFd for $socket {
                fn into_raw_fd(self) -> RawFd {
                    self.inner.into_inner().into_raw_fd()
                }
            }

            impl AsRawFd for $socket {
                fn as_raw_fd(&self) -> RawFd {
                    self.inner.as_raw_fd()
                }
            }

            impl AsFd for $socket {
                fn as_fd(&self) -> BorrowedFd<'_> {
                    self.inner.as_fd()
                }
            }

            impl FromRawFd for $socket {
                /// Takes over a descriptor, which must be non-blocking and of this kind.
                unsafe fn from_raw_fd(fd: RawFd) -> $socket {
                    // SAFETY: the caller hands over an open descriptor that nobody else owns.
                    $socket::from_std(unsafe { std::net::$socket::from_raw_fd(fd) })
                }
            }

            impl From<OwnedFd> for $socket {
                /// Takes over a descriptor, which must be non-blocking and of this kind.
                fn from(fd: OwnedFd) -> $socket {
                    $socket::from_std(std::net::$socket::from(fd))
                }
            }

            impl From<$socket> for OwnedFd {
                fn from(socket: $socket) -> OwnedFd {
                    socket.inner.into_inner().into()
                }
            }

            impl From<$socket> for std::net::$socket {
                fn from(socket: $socket) -> std::net::$socket {
                    socket.inner.into_inner()
                }
            }
        };
    };
}

pub(super) use socket;

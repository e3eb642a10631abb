//! Which of preview1's errnos an error of the operating system is. What a call does about it is not decided
//! here.

use rustix::io::Errno as Os;
use std::io;
use wasi_poll_preview1::Errno;

/// The errno a guest is told of `error`; `EIO` where preview1 has none like it.
pub fn errno_of(error: &io::Error) -> Errno {
    Os::from_io_error(error).map_or_else(|| errno_of_kind(error.kind()), errno_of_os)
}

/// The errno a guest is told of the system's; `EIO` where preview1 has none like it.
pub fn errno_of_os(os: Os) -> Errno {
    match os {
        // The only one on the path of every message.
        Os::AGAIN => Errno::Again,
        _ => NUMBERS.iter().find(|(known, _)| *known == os).map_or(Errno::Io, |&(_, errno)| errno),
    }
}

/// Errors that some writer or network made up, rather than the system.
fn errno_of_kind(kind: io::ErrorKind) -> Errno {
    match kind {
        io::ErrorKind::WouldBlock => Errno::Again,
        io::ErrorKind::Interrupted => Errno::Intr,
        io::ErrorKind::BrokenPipe => Errno::Pipe,
        io::ErrorKind::ConnectionReset => Errno::Connreset,
        io::ErrorKind::InvalidInput => Errno::Inval,
        io::ErrorKind::PermissionDenied => Errno::Acces,
        io::ErrorKind::TimedOut => Errno::Timedout,
        io::ErrorKind::OutOfMemory => Errno::Nomem,
        io::ErrorKind::Unsupported => Errno::Notsup,
        _ => Errno::Io,
    }
}

const NUMBERS: &[(Os, Errno)] = &[
    (Os::ACCESS, Errno::Acces),
    (Os::ADDRINUSE, Errno::Addrinuse),
    (Os::ADDRNOTAVAIL, Errno::Addrnotavail),
    (Os::AFNOSUPPORT, Errno::Afnosupport),
    (Os::ALREADY, Errno::Already),
    (Os::BADF, Errno::Badf),
    (Os::CONNABORTED, Errno::Connaborted),
    (Os::CONNREFUSED, Errno::Connrefused),
    (Os::CONNRESET, Errno::Connreset),
    (Os::DESTADDRREQ, Errno::Destaddrreq),
    (Os::FAULT, Errno::Fault),
    (Os::FBIG, Errno::Fbig),
    (Os::HOSTUNREACH, Errno::Hostunreach),
    (Os::INPROGRESS, Errno::Inprogress),
    (Os::INTR, Errno::Intr),
    (Os::INVAL, Errno::Inval),
    (Os::ISCONN, Errno::Isconn),
    (Os::ISDIR, Errno::Isdir),
    (Os::MFILE, Errno::Mfile),
    (Os::MSGSIZE, Errno::Msgsize),
    (Os::NETDOWN, Errno::Netdown),
    (Os::NETRESET, Errno::Netreset),
    (Os::NETUNREACH, Errno::Netunreach),
    (Os::NFILE, Errno::Nfile),
    (Os::NOBUFS, Errno::Nobufs),
    (Os::NODEV, Errno::Nodev),
    (Os::NOMEM, Errno::Nomem),
    (Os::NOPROTOOPT, Errno::Noprotoopt),
    (Os::NOSPC, Errno::Nospc),
    (Os::NOTCONN, Errno::Notconn),
    (Os::NOTSOCK, Errno::Notsock),
    (Os::OPNOTSUPP, Errno::Notsup),
    (Os::PERM, Errno::Perm),
    (Os::PIPE, Errno::Pipe),
    (Os::PROTO, Errno::Proto),
    (Os::PROTONOSUPPORT, Errno::Protonosupport),
    (Os::PROTOTYPE, Errno::Prototype),
    (Os::TIMEDOUT, Errno::Timedout),
];

#[cfg(test)]
mod tests {
    use super::errno_of;
    use std::io;
    use wasi_poll_preview1::Errno;

    #[test]
    fn errors_of_the_system_and_made_up_ones_have_an_errno() {
        for (error, errno) in [
            (io::Error::from_raw_os_error(rustix::io::Errno::AGAIN.raw_os_error()), Errno::Again),
            (io::Error::from_raw_os_error(rustix::io::Errno::PIPE.raw_os_error()), Errno::Pipe),
            (io::ErrorKind::BrokenPipe.into(), Errno::Pipe),
            (io::Error::other("something else"), Errno::Io),
        ] {
            assert_eq!(errno_of(&error), errno, "{error}");
        }
    }
}

//! preview1's errnos and their numbers (WASI preview1, `errno`). Which call gives which stands at the call.

use std::fmt;

macro_rules! errnos {
    ($($variant:ident = $number:literal, $name:literal;)*) => {
        /// A WASI preview1 errno: 16 bits in records, widened to 32 as a call's result.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[repr(u16)]
        pub enum Errno {
            $(#[doc = concat!("`", $name, "`")] $variant = $number,)*
        }

        impl Errno {
            /// Every errno, in the order of their numbers, which are their places.
            pub const ALL: &'static [Errno] = &[$(Errno::$variant,)*];

            /// The name C programs know it by, such as `EAGAIN`.
            pub const fn name(self) -> &'static str {
                match self { $(Errno::$variant => $name,)* }
            }
        }
    };
}

errnos! {
    Success = 0, "ESUCCESS";
    TooBig = 1, "E2BIG";
    Acces = 2, "EACCES";
    Addrinuse = 3, "EADDRINUSE";
    Addrnotavail = 4, "EADDRNOTAVAIL";
    Afnosupport = 5, "EAFNOSUPPORT";
    Again = 6, "EAGAIN";
    Already = 7, "EALREADY";
    Badf = 8, "EBADF";
    Badmsg = 9, "EBADMSG";
    Busy = 10, "EBUSY";
    Canceled = 11, "ECANCELED";
    Child = 12, "ECHILD";
    Connaborted = 13, "ECONNABORTED";
    Connrefused = 14, "ECONNREFUSED";
    Connreset = 15, "ECONNRESET";
    Deadlk = 16, "EDEADLK";
    Destaddrreq = 17, "EDESTADDRREQ";
    Dom = 18, "EDOM";
    Dquot = 19, "EDQUOT";
    Exist = 20, "EEXIST";
    Fault = 21, "EFAULT";
    Fbig = 22, "EFBIG";
    Hostunreach = 23, "EHOSTUNREACH";
    Idrm = 24, "EIDRM";
    Ilseq = 25, "EILSEQ";
    Inprogress = 26, "EINPROGRESS";
    Intr = 27, "EINTR";
    Inval = 28, "EINVAL";
    Io = 29, "EIO";
    Isconn = 30, "EISCONN";
    Isdir = 31, "EISDIR";
    Loop = 32, "ELOOP";
    Mfile = 33, "EMFILE";
    Mlink = 34, "EMLINK";
    Msgsize = 35, "EMSGSIZE";
    Multihop = 36, "EMULTIHOP";
    Nametoolong = 37, "ENAMETOOLONG";
    Netdown = 38, "ENETDOWN";
    Netreset = 39, "ENETRESET";
    Netunreach = 40, "ENETUNREACH";
    Nfile = 41, "ENFILE";
    Nobufs = 42, "ENOBUFS";
    Nodev = 43, "ENODEV";
    Noent = 44, "ENOENT";
    Noexec = 45, "ENOEXEC";
    Nolck = 46, "ENOLCK";
    Nolink = 47, "ENOLINK";
    Nomem = 48, "ENOMEM";
    Nomsg = 49, "ENOMSG";
    Noprotoopt = 50, "ENOPROTOOPT";
    Nospc = 51, "ENOSPC";
    Nosys = 52, "ENOSYS";
    Notconn = 53, "ENOTCONN";
    Notdir = 54, "ENOTDIR";
    Notempty = 55, "ENOTEMPTY";
    Notrecoverable = 56, "ENOTRECOVERABLE";
    Notsock = 57, "ENOTSOCK";
    Notsup = 58, "ENOTSUP";
    Notty = 59, "ENOTTY";
    Nxio = 60, "ENXIO";
    Overflow = 61, "EOVERFLOW";
    Ownerdead = 62, "EOWNERDEAD";
    Perm = 63, "EPERM";
    Pipe = 64, "EPIPE";
    Proto = 65, "EPROTO";
    Protonosupport = 66, "EPROTONOSUPPORT";
    Prototype = 67, "EPROTOTYPE";
    Range = 68, "ERANGE";
    Rofs = 69, "EROFS";
    Spipe = 70, "ESPIPE";
    Srch = 71, "ESRCH";
    Stale = 72, "ESTALE";
    Timedout = 73, "ETIMEDOUT";
    Txtbsy = 74, "ETXTBSY";
    Xdev = 75, "EXDEV";
    Notcapable = 76, "ENOTCAPABLE";
}

impl Errno {
    /// Its number, as records and results carry it.
    pub const fn raw(self) -> u16 {
        self as u16
    }

    /// The errno of that number; `None` past the last.
    pub fn from_raw(number: u16) -> Option<Errno> {
        Errno::ALL.get(usize::from(number)).copied()
    }
}

impl fmt::Display for Errno {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl std::error::Error for Errno {}

#[cfg(test)]
mod tests {
    use super::Errno;
    use crate::test_attribute::test;

    #[test]
    fn the_numbers_are_those_of_preview1() {
        for (errno, number) in [
            (Errno::Success, 0),
            (Errno::Again, 6),
            (Errno::Badf, 8),
            (Errno::Inval, 28),
            (Errno::Notsock, 57),
            (Errno::Notcapable, 76),
        ] {
            assert_eq!(errno.raw(), number, "{errno}");
            assert_eq!(Errno::from_raw(number), Some(errno));
        }
        assert_eq!(Errno::from_raw(77), None);
    }
}

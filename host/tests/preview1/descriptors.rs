//! Which fd is which, and what it is said to be.

use crate::calls::{BUFFER, Calls, DIRECTORY, IOVEC, LISTENER, NET, NEW, NONE, OTHER, STAT, TOLD};

pub fn a_closed_fd_is_bad_and_its_number_is_given_out_again(guest: &mut Calls) {
    guest.opens("a.txt", NEW);
    calls! { guest; sock_accept(LISTENER, 0, TOLD) => Success; }
    guest.told(NEW + 1);
    calls! { guest;
        fd_close(NEW) => Success;
        fd_close(NEW) => Badf;
        fd_close(NONE) => Badf;
        fd_tell(NEW, TOLD) => Badf;
    }
    guest.opens("sub/b.txt", NEW);
    calls! { guest;
        fd_close(NEW + 1) => Success;
        fd_close(OTHER) => Success;
        fd_readdir(OTHER, BUFFER, 64, 0, TOLD) => Badf;
    }
    guest.opens("a.txt", OTHER);
}

pub fn renumbering_moves_files_onto_sockets_and_sockets_onto_files(guest: &mut Calls) {
    guest.opens("a.txt", NEW);
    calls! { guest; sock_accept(LISTENER, 0, TOLD) => Success; }
    guest.iovec(BUFFER, 64);
    calls! { guest;
        // The listener goes, and the file is there.
        fd_renumber(NEW, LISTENER) => Success;
        fd_read(LISTENER, IOVEC, 1, TOLD) => Success;
        sock_accept(LISTENER, 0, TOLD + 4) => Notsock;
        fd_read(NEW, IOVEC, 1, TOLD) => Badf;
    }
    guest.told(5);
    guest.bytes_are(BUFFER, "hello");
    guest.opens("sub/b.txt", NEW);
    calls! { guest;
        // And a stream takes a file's place.
        fd_renumber(NEW + 1, NEW) => Success;
        sock_recv(NEW, IOVEC, 1, 0, TOLD, TOLD + 4) => Success;
        fd_tell(NEW, BUFFER) => Spipe;
        fd_renumber(NEW, NEW) => Success;
        fd_renumber(DIRECTORY, OTHER) => Success;
        path_filestat_get(OTHER, 0, "a.txt", STAT) => Success;
        path_filestat_get(DIRECTORY, 0, "a.txt", STAT) => Badf;
        fd_renumber(NONE, NEW) => Badf;
        fd_renumber(NEW, NONE) => Badf;
        fd_renumber(NEW, u32::MAX) => Badf;
    }
    guest.told(5);
}

pub fn an_fd_says_what_it_is(guest: &mut Calls) {
    guest.opens("a.txt", NEW);
    calls! { guest; sock_accept(LISTENER, 0, TOLD) => Success; }
    // Unknown for stdio that is no terminal, directory, file, stream.
    for (fd, filetype) in
        [(0, 0), (1, 0), (2, 0), (LISTENER, 6), (DIRECTORY, 3), (NET, 3), (NEW, 4), (NEW + 1, 6)]
    {
        calls! { guest; fd_fdstat_get(fd, STAT) => Success; }
        guest.byte_is(STAT, filetype);
        calls! { guest; fd_filestat_get(fd, BUFFER) => Success; }
        guest.byte_is(BUFFER + 16, filetype);
    }
    guest.long_is(BUFFER + 32, 0);
    calls! { guest;
        fd_filestat_get(NEW, BUFFER) => Success;
        fd_fdstat_get(NONE, STAT) => Badf;
        fd_filestat_get(NONE, BUFFER) => Badf;
    }
    guest.long_is(BUFFER + 24, 1);
    guest.long_is(BUFFER + 32, 5);
    guest.long_is_not(BUFFER + 48, 0);
}

pub fn flags_of_a_file_are_what_they_were_set_to(guest: &mut Calls) {
    const APPEND: u32 = 1;
    const SYNC: u32 = 16;
    const NONBLOCK: u32 = 4;
    guest.opens("a.txt", NEW);
    calls! { guest;
        fd_fdstat_set_flags(NEW, APPEND) => Success;
        fd_fdstat_get(NEW, STAT) => Success;
        fd_fdstat_set_flags(LISTENER, NONBLOCK) => Success;
        fd_fdstat_get(LISTENER, BUFFER) => Success;
        fd_fdstat_set_flags(NEW, SYNC) => Inval;
        fd_fdstat_set_flags(LISTENER, APPEND) => Inval;
        fd_fdstat_set_flags(0, APPEND) => Inval;
        fd_fdstat_set_flags(NEW, 1 << 9) => Inval;
        fd_fdstat_set_flags(DIRECTORY, NONBLOCK) => Badf;
        fd_fdstat_set_flags(NET, NONBLOCK) => Isdir;
        fd_fdstat_set_flags(NONE, NONBLOCK) => Badf;
    }
    guest.short_is(STAT + 2, 1);
    guest.short_is(BUFFER + 2, 4);
}

pub fn rights_cannot_be_set(guest: &mut Calls) {
    guest.opens("a.txt", NEW);
    calls! { guest;
        fd_fdstat_set_rights(NEW, 0, 0) => Notsup;
        fd_fdstat_set_rights(DIRECTORY, 0, 0) => Notsup;
        fd_fdstat_set_rights(LISTENER, 0, 0) => Notsup;
        fd_fdstat_set_rights(NONE, 0, 0) => Badf;
    }
}

pub fn directories_are_found_behind_the_listener(guest: &mut Calls) {
    for (fd, name) in [(DIRECTORY, "/first"), (OTHER, "/second"), (NET, "/net")] {
        let length = name.len() as u32;
        calls! { guest; fd_prestat_get(fd, STAT) => Success; }
        guest.byte_is(STAT, 0);
        guest.word_is(STAT + 4, length);
        calls! { guest;
            fd_prestat_dir_name(fd, BUFFER, length) => Success;
            fd_prestat_dir_name(fd, BUFFER + 64, length - 1) => Nametoolong;
        }
        guest.bytes_are(BUFFER, name);
    }
    guest.opens("a.txt", NEW);
    calls! { guest;
        fd_prestat_get(LISTENER, STAT) => Success;
        fd_prestat_get(NEW, STAT) => Badf;
        fd_prestat_get(NONE, STAT) => Badf;
        fd_prestat_dir_name(LISTENER, BUFFER, 64) => Notdir;
        fd_prestat_dir_name(NEW, BUFFER, 64) => Notdir;
        fd_prestat_dir_name(NONE, BUFFER, 64) => Badf;
    }
    // Of the listener: no directory's tag.
    guest.byte_is(STAT, 1);
}

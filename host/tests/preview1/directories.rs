//! What is in a directory, and what comes into being and goes there.

use crate::calls::{BUFFER, Calls, DIRECTORY, LISTENER, NET, NEW, NONE, OTHER, RIGHTS, STAT, TOLD};

/// The bytes of an entry before its name.
const HEAD: u32 = 24;

pub fn a_directory_lists_what_is_in_it_from_a_cookie_on(guest: &mut Calls) {
    const CREATE: u32 = 1;
    calls! { guest;
        path_open(OTHER, 0, "only", CREATE, RIGHTS, RIGHTS, 0, TOLD) => Success;
        fd_readdir(OTHER, BUFFER, 512, 0, TOLD) => Success;
    }
    // Each names the cookie behind it: the directory, the one above, the file.
    let (above, only) = (BUFFER + HEAD + 1, BUFFER + 2 * HEAD + 3);
    guest.told(3 * HEAD + 7);
    guest.bytes_are(BUFFER + HEAD, ".");
    guest.bytes_are(above + HEAD, "..");
    guest.bytes_are(only + HEAD, "only");
    for (entry, next, length, filetype) in [(BUFFER, 1, 1, 3), (above, 2, 2, 3), (only, 3, 4, 4)] {
        guest.byte_is(entry, next);
        guest.byte_is(entry + 16, length);
        guest.byte_is(entry + 20, filetype);
    }
    // From the third on; cut where the buffer ends; behind the last.
    calls! { guest; fd_readdir(OTHER, BUFFER, 512, 2, TOLD) => Success; }
    guest.told(HEAD + 4);
    guest.bytes_are(BUFFER + HEAD, "only");
    calls! { guest; fd_readdir(OTHER, BUFFER, HEAD + 2, 2, TOLD) => Success; }
    guest.told(HEAD + 2);
    calls! { guest; fd_readdir(OTHER, BUFFER, 512, 3, TOLD) => Success; }
    guest.told(0);
    calls! { guest;
        fd_readdir(OTHER, BUFFER, 512, 99, TOLD) => Success;
        fd_readdir(LISTENER, BUFFER, 512, 0, TOLD) => Notdir;
        fd_readdir(NEW, BUFFER, 512, 0, TOLD) => Badf;
        fd_readdir(NET, BUFFER, 512, 0, TOLD) => Notsup;
        fd_readdir(NONE, BUFFER, 512, 0, TOLD) => Badf;
    }
    guest.told(0);
}

pub fn a_directory_is_made_and_removed(guest: &mut Calls) {
    calls! { guest;
        path_create_directory(OTHER, "made") => Success;
        path_create_directory(OTHER, "made/below") => Success;
        path_filestat_get(OTHER, 0, "made/below", STAT) => Success;
        path_create_directory(OTHER, "made") => Exist;
        path_create_directory(OTHER, "not/there") => Noent;
        path_create_directory(DIRECTORY, "a.txt/below") => Notdir;
        path_create_directory(LISTENER, "made") => Notdir;
        path_create_directory(NET, "made") => Perm;
        path_create_directory(NONE, "made") => Badf;
        path_remove_directory(OTHER, "made") => Notempty;
        path_remove_directory(OTHER, "made/below") => Success;
        path_remove_directory(OTHER, "made") => Success;
        path_remove_directory(OTHER, "made") => Noent;
        path_remove_directory(DIRECTORY, "a.txt") => Notdir;
        path_remove_directory(LISTENER, "made") => Notdir;
        path_remove_directory(NET, "tcp") => Perm;
        path_remove_directory(NONE, "made") => Badf;
    }
    guest.byte_is(STAT + 16, 3);
}

pub fn a_file_is_unlinked_and_a_directory_is_not(guest: &mut Calls) {
    guest.opens("a.txt", NEW);
    calls! { guest;
        path_unlink_file(DIRECTORY, "a.txt") => Success;
        path_unlink_file(DIRECTORY, "a.txt") => Noent;
        path_unlink_file(DIRECTORY, "link") => Success;
        path_unlink_file(DIRECTORY, "sub") => Isdir;
        path_unlink_file(DIRECTORY, "sub/b.txt/c") => Notdir;
        path_unlink_file(LISTENER, "a.txt") => Notdir;
        path_unlink_file(NET, "tcp") => Perm;
        path_unlink_file(NONE, "a.txt") => Badf;
        // Who has it open still has it.
        fd_filestat_get(NEW, STAT) => Success;
    }
    guest.long_is(STAT + 24, 0);
    guest.long_is(STAT + 32, 5);
}

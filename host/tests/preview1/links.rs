//! Second names of files, and links by path.

use crate::calls::{BUFFER, Calls, DIRECTORY, FOLLOW, LISTENER, NET, NEW, NONE, OTHER, RIGHTS, STAT, TOLD};

pub fn a_file_has_another_name(guest: &mut Calls) {
    calls! { guest;
        path_link(DIRECTORY, 0, "a.txt", OTHER, "name") => Success;
        path_filestat_get(OTHER, 0, "name", STAT) => Success;
        path_link(DIRECTORY, 0, "a.txt", OTHER, "name") => Exist;
        path_link(DIRECTORY, 0, "none", OTHER, "other") => Noent;
        path_link(DIRECTORY, 0, "sub", OTHER, "other") => Perm;
        path_link(DIRECTORY, 0, "a.txt/b", OTHER, "other") => Notdir;
        path_link(DIRECTORY, FOLLOW, "link", OTHER, "other") => Inval;
        path_link(LISTENER, 0, "a.txt", OTHER, "other") => Notdir;
        path_link(DIRECTORY, 0, "a.txt", LISTENER, "other") => Notdir;
        path_link(NONE, 0, "a.txt", OTHER, "other") => Badf;
        path_link(DIRECTORY, 0, "a.txt", NONE, "other") => Badf;
    }
    guest.long_is(STAT + 24, 2);
    guest.long_is(STAT + 32, 5);
}

pub fn a_symlink_is_made_and_read(guest: &mut Calls) {
    calls! { guest;
        path_symlink("../first/a.txt", OTHER, "made") => Success;
        path_readlink(OTHER, "made", BUFFER, 64, TOLD) => Success;
    }
    guest.told(14);
    guest.bytes_are(BUFFER, "../first/a.txt\0");
    // It leads out of its directory, and so nowhere.
    calls! { guest;
        path_open(OTHER, FOLLOW, "made", 0, RIGHTS, RIGHTS, 0, TOLD) => Perm;
        path_readlink(DIRECTORY, "link", BUFFER, 2, TOLD) => Success;
    }
    guest.told(2);
    guest.bytes_are(BUFFER, "a./f");
    calls! { guest;
        path_symlink("a.txt", OTHER, "made") => Exist;
        path_symlink("a.txt", OTHER, "not/there") => Noent;
        path_symlink("a.txt", DIRECTORY, "a.txt/below") => Notdir;
        path_symlink("/etc", OTHER, "absolute") => Perm;
        path_symlink("a.txt", LISTENER, "made") => Notdir;
        path_symlink("a.txt", NONE, "made") => Badf;
        path_readlink(DIRECTORY, "a.txt", BUFFER, 64, TOLD) => Inval;
        path_readlink(DIRECTORY, "none", BUFFER, 64, TOLD) => Noent;
        path_readlink(DIRECTORY, "a.txt/b", BUFFER, 64, TOLD) => Notdir;
        path_readlink(LISTENER, "link", BUFFER, 64, TOLD) => Notdir;
        path_readlink(NONE, "link", BUFFER, 64, TOLD) => Badf;
        path_readlink(NET, "nothing", BUFFER, 64, TOLD) => Noent;
    }
}

pub fn a_symlink_is_followed_where_a_call_says_so(guest: &mut Calls) {
    calls! { guest;
        path_open(DIRECTORY, FOLLOW, "link", 0, RIGHTS, RIGHTS, 0, TOLD) => Success;
        fd_filestat_get(NEW, STAT) => Success;
        path_open(DIRECTORY, 0, "link", 0, RIGHTS, RIGHTS, 0, TOLD) => Loop;
    }
    guest.byte_is(STAT + 16, 4);
    guest.long_is(STAT + 32, 5);
}

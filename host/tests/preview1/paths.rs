//! Paths: what they open, name and move, and that none leads out of its directory.

use crate::calls::{
    BUFFER, CREATE, Calls, DIRECTORY, DIRECTORY_ONLY, EXCLUSIVE, FOLLOW, IOVEC, LISTENER, NET, NEW, NONE,
    OTHER, RIGHTS, STAT, TOLD, TRUNCATE,
};

pub fn a_path_opens_what_is_there_or_creates_it(guest: &mut Calls) {
    calls! { guest;
        path_open(DIRECTORY, 0, "a.txt", TRUNCATE, RIGHTS, RIGHTS, 0, TOLD) => Success;
        fd_filestat_get(NEW, STAT) => Success;
        path_open(OTHER, 0, "new", CREATE | EXCLUSIVE, RIGHTS, RIGHTS, 0, TOLD + 4) => Success;
        path_open(DIRECTORY, 0, "sub", DIRECTORY_ONLY, 0, 0, 0, TOLD + 8) => Success;
        // Below what was just opened, by its own fd.
        path_open(NEW + 2, 0, "b.txt", 0, RIGHTS, RIGHTS, 0, TOLD + 12) => Success;
        path_open(OTHER, 0, "new", CREATE | EXCLUSIVE, RIGHTS, RIGHTS, 0, TOLD) => Exist;
        path_open(DIRECTORY, 0, "none", 0, RIGHTS, RIGHTS, 0, TOLD) => Noent;
        path_open(DIRECTORY, 0, "a.txt/b", 0, RIGHTS, RIGHTS, 0, TOLD) => Notdir;
        path_open(DIRECTORY, 0, "a.txt", DIRECTORY_ONLY, 0, 0, 0, TOLD) => Notdir;
        path_open(DIRECTORY, 0, "sub", TRUNCATE, RIGHTS, RIGHTS, 0, TOLD) => Isdir;
        path_open(DIRECTORY, FOLLOW, "loop", 0, RIGHTS, RIGHTS, 0, TOLD) => Loop;
        path_open(DIRECTORY, 0, "", 0, RIGHTS, RIGHTS, 0, TOLD) => Noent;
        path_open(DIRECTORY, 0, "a.txt", 1 << 9, RIGHTS, RIGHTS, 0, TOLD) => Inval;
        path_open(DIRECTORY, 0, "a.txt", CREATE | DIRECTORY_ONLY, RIGHTS, RIGHTS, 0, TOLD) => Inval;
        path_open(NEW, 0, "a.txt", 0, RIGHTS, RIGHTS, 0, TOLD) => Notdir;
        path_open(LISTENER, 0, "a.txt", 0, RIGHTS, RIGHTS, 0, TOLD) => Notdir;
        path_open(1, 0, "a.txt", 0, RIGHTS, RIGHTS, 0, TOLD) => Badf;
        path_open(NONE, 0, "a.txt", 0, RIGHTS, RIGHTS, 0, TOLD) => Badf;
    }
    guest.told(NEW);
    guest.long_is(STAT + 32, 0);
    for place in 1..4 {
        guest.word_is(TOLD + 4 * place, NEW + place);
    }
}

/// What leads out of the directory, some of it over a link.
const OUT: [&str; 6] = ["../a", "/etc/passwd", "sub/../../a", "out/passwd", "up/a", "sub/../up/a"];

pub fn a_path_that_climbs_out_opens_nothing(guest: &mut Calls) {
    for path in OUT {
        for how in [0, CREATE] {
            calls! { guest; path_open(DIRECTORY, FOLLOW, path, how, RIGHTS, RIGHTS, 0, TOLD) => Perm; }
        }
    }
    calls! { guest;
        path_open(DIRECTORY, 0, "..", DIRECTORY_ONLY, 0, 0, 0, TOLD) => Perm;
        // What stays inside may climb.
        path_open(DIRECTORY, 0, "sub/../a.txt", 0, RIGHTS, RIGHTS, 0, TOLD) => Success;
        path_open(DIRECTORY, FOLLOW, "sub/back", 0, RIGHTS, RIGHTS, 0, TOLD) => Success;
        path_open(DIRECTORY, 0, "sub", DIRECTORY_ONLY, 0, 0, 0, TOLD) => Success;
        path_open(NEW + 2, 0, "../a.txt", 0, RIGHTS, RIGHTS, 0, TOLD) => Perm;
    }
    guest.told(NEW + 2);
}

pub fn calls_on_a_path_that_climbs_out_change_nothing(guest: &mut Calls) {
    for path in OUT {
        calls! { guest;
            path_create_directory(DIRECTORY, path) => Perm;
            path_remove_directory(DIRECTORY, path) => Perm;
            path_unlink_file(DIRECTORY, path) => Perm;
            path_filestat_get(DIRECTORY, FOLLOW, path, STAT) => Perm;
            path_filestat_set_times(DIRECTORY, FOLLOW, path, 0, 0, 1) => Perm;
            path_readlink(DIRECTORY, path, BUFFER, 64, TOLD) => Perm;
            path_rename(DIRECTORY, "a.txt", DIRECTORY, path) => Perm;
            path_rename(DIRECTORY, path, OTHER, "stolen") => Perm;
            path_link(DIRECTORY, 0, "a.txt", DIRECTORY, path) => Perm;
            path_link(DIRECTORY, 0, path, OTHER, "stolen") => Perm;
            path_symlink("a.txt", DIRECTORY, path) => Perm;
        }
    }
    calls! { guest; path_filestat_get(DIRECTORY, 0, "a.txt", STAT) => Success; }
    guest.long_is(STAT + 24, 1);
    guest.long_is(STAT + 32, 5);
}

pub fn a_path_says_what_is_there(guest: &mut Calls) {
    for (flags, path, filetype) in [
        (0, "a.txt", 4),
        (0, "sub", 3),
        (0, "link", 7),
        (FOLLOW, "link", 4),
        (0, ".", 3),
        (0, "sub/b.txt", 4),
    ] {
        calls! { guest; path_filestat_get(DIRECTORY, flags, path, STAT) => Success; }
        guest.byte_is(STAT + 16, filetype);
    }
    calls! { guest;
        path_filestat_get(DIRECTORY, 0, "none", STAT) => Noent;
        path_filestat_get(OTHER, 0, "a.txt", STAT) => Noent;
        path_filestat_get(DIRECTORY, 0, "a.txt/b", STAT) => Notdir;
        path_filestat_get(DIRECTORY, FOLLOW, "loop", STAT) => Loop;
        path_filestat_get(DIRECTORY, 2, "a.txt", STAT) => Inval;
        path_filestat_get(LISTENER, 0, "a.txt", STAT) => Notdir;
        path_filestat_get(NONE, 0, "a.txt", STAT) => Badf;
    }
    guest.long_is(STAT + 32, 5);
}

pub fn a_path_has_the_times_it_was_given(guest: &mut Calls) {
    const BOTH: u32 = 1 | 4;
    calls! { guest;
        path_filestat_set_times(DIRECTORY, FOLLOW, "link", 7_000_000_001_u64, 8_000_000_002_u64, BOTH) => Success;
        path_filestat_set_times(DIRECTORY, 0, "link", 1, 2, BOTH) => Success;
        path_filestat_get(DIRECTORY, 0, "a.txt", STAT) => Success;
        path_filestat_set_times(DIRECTORY, 0, "none", 1, 2, BOTH) => Noent;
        path_filestat_set_times(DIRECTORY, 0, "a.txt/b", 1, 2, BOTH) => Notdir;
        path_filestat_set_times(DIRECTORY, FOLLOW, "loop", 1, 2, BOTH) => Loop;
        path_filestat_set_times(DIRECTORY, 0, "a.txt", 1, 2, 1 | 2) => Inval;
        path_filestat_set_times(DIRECTORY, 2, "a.txt", 1, 2, BOTH) => Inval;
        path_filestat_set_times(LISTENER, 0, "a.txt", 1, 2, BOTH) => Notdir;
        path_filestat_set_times(NET, 0, "tcp", 1, 2, BOTH) => Perm;
        path_filestat_set_times(NONE, 0, "a.txt", 1, 2, BOTH) => Badf;
    }
    guest.long_is(STAT + 40, 7_000_000_001);
    guest.long_is(STAT + 48, 8_000_000_002);
}

pub fn a_file_moves_from_one_directory_to_another(guest: &mut Calls) {
    guest.opens("a.txt", NEW);
    calls! { guest;
        path_rename(DIRECTORY, "a.txt", OTHER, "moved") => Success;
        path_filestat_get(OTHER, 0, "moved", STAT) => Success;
        path_filestat_get(DIRECTORY, 0, "a.txt", STAT) => Noent;
        // Over another file, which is gone, and in its own directory.
        path_rename(OTHER, "moved", DIRECTORY, "sub/b.txt") => Success;
        path_rename(DIRECTORY, "sub", DIRECTORY, "dir") => Success;
        path_open(DIRECTORY, 0, "dir/b.txt", 0, RIGHTS, RIGHTS, 0, TOLD) => Success;
        path_rename(DIRECTORY, "a.txt", OTHER, "moved") => Noent;
        path_rename(DIRECTORY, "dir", DIRECTORY, "dir/below") => Inval;
        path_create_directory(OTHER, "empty") => Success;
        path_rename(DIRECTORY, "dir/b.txt", OTHER, "empty") => Isdir;
        path_rename(OTHER, "empty", DIRECTORY, "dir/b.txt") => Notdir;
        path_rename(OTHER, "empty", DIRECTORY, "dir") => Notempty;
        path_rename(LISTENER, "a.txt", OTHER, "moved") => Notdir;
        path_rename(DIRECTORY, "dir", LISTENER, "moved") => Notdir;
        path_rename(NONE, "a.txt", OTHER, "moved") => Badf;
        path_rename(DIRECTORY, "dir", NONE, "moved") => Badf;
        path_rename(DIRECTORY, "dir", NET, "moved") => Xdev;
    }
    guest.iovec(BUFFER, 64);
    calls! { guest; fd_read(NEW + 1, IOVEC, 1, TOLD) => Success; }
    guest.bytes_are(BUFFER, "hello");
}

pub fn a_path_that_is_no_text_or_too_long_is_refused(guest: &mut Calls) {
    let long = "x".repeat(256);
    // No byte of it is text.
    guest.data(BUFFER + 512, "\\ff\\fe");
    let no_text = BUFFER + 512;
    calls! { guest;
        path_open(DIRECTORY, 0, long.as_str(), CREATE, RIGHTS, RIGHTS, 0, TOLD) => Nametoolong;
        path_open(DIRECTORY, 0, no_text, 2, CREATE, RIGHTS, RIGHTS, 0, TOLD) => Ilseq;
        path_open(DIRECTORY, 0, "a\0b", CREATE, RIGHTS, RIGHTS, 0, TOLD) => Inval;
        path_filestat_get(DIRECTORY, 0, long.as_str(), STAT) => Nametoolong;
        path_filestat_get(DIRECTORY, 0, no_text, 2, STAT) => Ilseq;
        path_filestat_set_times(DIRECTORY, 0, no_text, 2, 1, 2, 5) => Ilseq;
        path_create_directory(DIRECTORY, long.as_str()) => Nametoolong;
        path_create_directory(DIRECTORY, no_text, 2) => Ilseq;
        path_remove_directory(DIRECTORY, no_text, 2) => Ilseq;
        path_unlink_file(DIRECTORY, no_text, 2) => Ilseq;
        path_rename(DIRECTORY, "a.txt", OTHER, long.as_str()) => Nametoolong;
        path_rename(DIRECTORY, "a.txt", OTHER, no_text, 2) => Ilseq;
        path_link(DIRECTORY, 0, "a.txt", OTHER, long.as_str()) => Nametoolong;
        path_link(DIRECTORY, 0, no_text, 2, OTHER, "name") => Ilseq;
        path_symlink("a.txt", OTHER, long.as_str()) => Nametoolong;
        path_symlink(no_text, 2, OTHER, "name") => Ilseq;
        path_readlink(DIRECTORY, no_text, 2, BUFFER, 64, TOLD) => Ilseq;
    }
}

//! Reading, writing, seeking, sizes and times of open files.

use crate::calls::{
    BUFFER, CREATE, Calls, DIRECTORY, HUGE, IOVEC, LISTENER, NET, NEW, NONE, RIGHTS, STAT, TOLD,
};

const READ: u64 = 1 << 1;
const WRITE: u64 = 1 << 6;
const APPEND: u32 = 1;

pub fn bytes_are_read_and_written_where_the_file_stands(guest: &mut Calls) {
    guest.opens("a.txt", NEW);
    guest.iovec_of("JE");
    calls! { guest; fd_write(NEW, IOVEC, 1, TOLD) => Success; }
    guest.told(2);
    guest.iovec(BUFFER, 64);
    calls! { guest; fd_read(NEW, IOVEC, 1, TOLD) => Success; }
    guest.told(3);
    guest.bytes_are(BUFFER, "llo\0");
    calls! { guest;
        fd_read(NEW, IOVEC, 1, TOLD) => Success;
        fd_tell(NEW, BUFFER) => Success;
        fd_read(DIRECTORY, IOVEC, 1, TOLD + 4) => Badf;
        fd_read(NET, IOVEC, 1, TOLD + 4) => Isdir;
        fd_read(LISTENER, IOVEC, 1, TOLD + 4) => Notconn;
        fd_read(NONE, IOVEC, 1, TOLD + 4) => Badf;
        fd_read(1, IOVEC, 1, TOLD + 4) => Badf;
        fd_write(DIRECTORY, IOVEC, 1, TOLD + 4) => Badf;
        fd_write(NET, IOVEC, 1, TOLD + 4) => Isdir;
        fd_write(LISTENER, IOVEC, 1, TOLD + 4) => Notconn;
        fd_write(NONE, IOVEC, 1, TOLD + 4) => Badf;
        fd_write(0, IOVEC, 1, TOLD + 4) => Badf;
    }
    guest.told(0);
    guest.long_is(BUFFER, 5);
    calls! { guest; fd_read(0, IOVEC, 1, TOLD) => Success; fd_write(1, IOVEC, 1, TOLD + 4) => Success; }
    guest.told(5);
    guest.word_is(TOLD + 4, 64);
    guest.bytes_are(BUFFER, "stdin");
}

pub fn bytes_are_read_and_written_at_an_offset_and_the_file_stays_where_it_stands(guest: &mut Calls) {
    guest.opens("a.txt", NEW);
    calls! { guest; sock_accept(LISTENER, 0, TOLD) => Success; }
    guest.iovec_of("LL");
    calls! { guest; fd_pwrite(NEW, IOVEC, 1, 2, TOLD) => Success; }
    guest.told(2);
    guest.iovec(BUFFER, 64);
    calls! { guest;
        fd_pread(NEW, IOVEC, 1, 1, TOLD) => Success;
        fd_tell(NEW, STAT) => Success;
        fd_pread(NEW, IOVEC, 1, 99, TOLD + 4) => Success;
    }
    guest.told(4);
    guest.word_is(TOLD + 4, 0);
    guest.bytes_are(BUFFER, "eLLo\0");
    guest.long_is(STAT, 0);
    calls! { guest;
        fd_pread(NEW, IOVEC, 1, HUGE, TOLD) => Success;
        fd_pread(LISTENER, IOVEC, 1, 0, TOLD) => Spipe;
        fd_pread(NEW + 1, IOVEC, 1, 0, TOLD) => Spipe;
        fd_pread(0, IOVEC, 1, 0, TOLD) => Spipe;
        fd_pread(DIRECTORY, IOVEC, 1, 0, TOLD) => Badf;
        fd_pread(NONE, IOVEC, 1, 0, TOLD) => Badf;
        fd_pwrite(NEW, IOVEC, 1, HUGE, TOLD) => Fbig;
        fd_pwrite(LISTENER, IOVEC, 1, 0, TOLD) => Spipe;
        fd_pwrite(NEW + 1, IOVEC, 1, 0, TOLD) => Spipe;
        fd_pwrite(1, IOVEC, 1, 0, TOLD) => Spipe;
        fd_pwrite(DIRECTORY, IOVEC, 1, 0, TOLD) => Badf;
        fd_pwrite(NONE, IOVEC, 1, 0, TOLD) => Badf;
    }
}

pub fn a_file_is_sought_from_its_start_its_place_and_its_end(guest: &mut Calls) {
    const SET: u32 = 0;
    const CURRENT: u32 = 1;
    const END: u32 = 2;
    guest.opens("a.txt", NEW);
    for (offset, whence, place) in
        [(4_i64, SET, 4), (-1, CURRENT, 3), (-4, END, 1), (10, END, 15), (0, SET, 0)]
    {
        calls! { guest; fd_seek(NEW, offset, whence, TOLD) => Success; fd_tell(NEW, STAT) => Success; }
        guest.long_is(TOLD, place);
        guest.long_is(STAT, place);
    }
    calls! { guest;
        fd_seek(NEW, -1_i64, SET, TOLD) => Inval;
        fd_seek(NEW, -1_i64, CURRENT, TOLD) => Inval;
        fd_seek(NEW, -6_i64, END, TOLD) => Inval;
        fd_seek(NEW, 0, 3, TOLD) => Inval;
        fd_seek(LISTENER, 0, SET, TOLD) => Spipe;
        fd_seek(0, 0, SET, TOLD) => Spipe;
        fd_seek(DIRECTORY, 0, SET, TOLD) => Badf;
        fd_seek(NET, 0, SET, TOLD) => Isdir;
        fd_seek(NONE, 0, SET, TOLD) => Badf;
        fd_tell(LISTENER, TOLD) => Spipe;
        fd_tell(0, TOLD) => Spipe;
        fd_tell(DIRECTORY, TOLD) => Badf;
        fd_tell(NONE, TOLD) => Badf;
    }
}

pub fn a_file_open_to_append_is_written_at_its_end(guest: &mut Calls) {
    calls! { guest; path_open(DIRECTORY, 0, "a.txt", 0, RIGHTS, RIGHTS, APPEND, TOLD) => Success; }
    guest.iovec_of("!?");
    calls! { guest;
        fd_write(NEW, IOVEC, 1, TOLD) => Success;
        fd_seek(NEW, 0, 0, STAT) => Success;
        fd_write(NEW, IOVEC, 1, TOLD) => Success;
    }
    guest.iovec(BUFFER, 64);
    calls! { guest; fd_pread(NEW, IOVEC, 1, 0, TOLD) => Success; }
    guest.told(9);
    guest.bytes_are(BUFFER, "hello!?!?");
}

pub fn a_file_open_in_one_direction_has_no_other(guest: &mut Calls) {
    guest.iovec(BUFFER, 4);
    calls! { guest;
        path_open(DIRECTORY, 0, "a.txt", 0, READ, 0, 0, TOLD) => Success;
        fd_write(NEW, IOVEC, 1, TOLD) => Badf;
        fd_pwrite(NEW, IOVEC, 1, 0, TOLD) => Badf;
        fd_filestat_set_size(NEW, 0) => Inval;
        path_open(DIRECTORY, 0, "new", CREATE, WRITE, 0, 0, TOLD) => Success;
        fd_read(NEW + 1, IOVEC, 1, TOLD) => Badf;
        fd_pread(NEW + 1, IOVEC, 1, 0, TOLD) => Badf;
        fd_write(NEW + 1, IOVEC, 1, TOLD) => Success;
    }
}

pub fn what_is_written_is_brought_to_the_disk(guest: &mut Calls) {
    guest.opens("a.txt", NEW);
    calls! { guest;
        fd_sync(NEW) => Success;
        fd_datasync(NEW) => Success;
        fd_sync(LISTENER) => Inval;
        fd_datasync(LISTENER) => Inval;
        fd_sync(NET) => Isdir;
        fd_datasync(NET) => Isdir;
        fd_sync(DIRECTORY) => Badf;
        fd_datasync(DIRECTORY) => Badf;
        fd_sync(NONE) => Badf;
        fd_datasync(NONE) => Badf;
    }
}

pub fn advice_is_taken_and_space_is_not_allocated_ahead(guest: &mut Calls) {
    guest.opens("a.txt", NEW);
    for advice in 0..6 {
        calls! { guest; fd_advise(NEW, 0, 5, advice) => Success; }
    }
    calls! { guest;
        fd_advise(NEW, 0, 5, 6) => Inval;
        fd_advise(LISTENER, 0, 5, 0) => Spipe;
        fd_advise(DIRECTORY, 0, 5, 0) => Badf;
        fd_advise(NONE, 0, 5, 0) => Badf;
        fd_allocate(NEW, 0, 4096) => Notsup;
        fd_allocate(LISTENER, 0, 4096) => Spipe;
        fd_allocate(DIRECTORY, 0, 4096) => Badf;
        fd_allocate(NONE, 0, 4096) => Badf;
        fd_filestat_get(NEW, STAT) => Success;
    }
    guest.long_is(STAT + 32, 5);
}

pub fn a_file_is_cut_and_grown(guest: &mut Calls) {
    guest.opens("a.txt", NEW);
    guest.iovec(BUFFER, 64);
    calls! { guest;
        fd_filestat_set_size(NEW, 2) => Success;
        fd_filestat_set_size(NEW, 4) => Success;
        fd_read(NEW, IOVEC, 1, TOLD) => Success;
        fd_filestat_set_size(NEW, HUGE) => Fbig;
        fd_filestat_set_size(NEW, u64::MAX) => Inval;
        fd_filestat_set_size(LISTENER, 0) => Inval;
        fd_filestat_set_size(DIRECTORY, 0) => Badf;
        fd_filestat_set_size(NONE, 0) => Badf;
    }
    guest.told(4);
    guest.bytes_are(BUFFER, "he\0\0");
}

pub fn a_file_has_the_times_it_was_given(guest: &mut Calls) {
    const ACCESSED: u32 = 1;
    const ACCESSED_NOW: u32 = 2;
    const MODIFIED: u32 = 4;
    const MODIFIED_NOW: u32 = 8;
    guest.opens("a.txt", NEW);
    calls! { guest;
        fd_filestat_set_times(NEW, 7_000_000_001_u64, 8_000_000_002_u64, ACCESSED | MODIFIED) => Success;
        fd_filestat_get(NEW, STAT) => Success;
        fd_filestat_set_times(NEW, 0, 0, ACCESSED_NOW) => Success;
        fd_filestat_get(NEW, BUFFER) => Success;
        // wasmtime-wasi has directories open for their paths alone: their times are set by path.
        fd_filestat_set_times(DIRECTORY, 0, 9_000_000_000_u64, MODIFIED) => Badf;
        path_filestat_set_times(DIRECTORY, 0, ".", 0, 9_000_000_000_u64, MODIFIED) => Success;
        fd_filestat_get(DIRECTORY, BUFFER + 64) => Success;
        fd_filestat_set_times(NEW, 0, 0, MODIFIED | MODIFIED_NOW) => Inval;
        fd_filestat_set_times(NEW, 0, 0, ACCESSED | ACCESSED_NOW) => Inval;
        fd_filestat_set_times(NEW, 0, 0, 16) => Inval;
        fd_filestat_set_times(LISTENER, 0, 0, ACCESSED) => Inval;
        fd_filestat_set_times(1, 0, 0, ACCESSED) => Badf;
        fd_filestat_set_times(NONE, 0, 0, ACCESSED) => Badf;
    }
    guest.long_is(STAT + 40, 7_000_000_001);
    guest.long_is(STAT + 48, 8_000_000_002);
    guest.long_is_not(BUFFER + 40, 7_000_000_001);
    guest.long_is(BUFFER + 48, 8_000_000_002);
    guest.long_is(BUFFER + 64 + 48, 9_000_000_000);
}

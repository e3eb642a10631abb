//! Pointers no correct program passes: each function that takes one ends the guest there, under its own name.

use crate::calls::{Argument, BUFFER, DIRECTORY, IOVEC, LISTENER, NEW, OTHER, RIGHTS, STAT, TOLD, end_of};
use wasi_poll_host::Outcome;

/// Outside of every memory of these guests.
const OUT: u32 = 0xFFFF_FF00;
const FILE: u32 = NEW + 1;

macro_rules! bad {
    ($($name:ident($($argument:expr),* $(,)?);)*) => {
        /// The calls, by name.
        pub fn calls() -> Vec<(&'static str, Vec<Argument>)> {
            vec![$((stringify!($name), vec![$(Argument::from($argument)),*])),*]
        }
    };
}

bad! {
    args_get(OUT, BUFFER);
    args_sizes_get(TOLD, OUT);
    clock_res_get(0, OUT);
    clock_time_get(0, 0, OUT);
    environ_get(BUFFER, OUT);
    environ_sizes_get(OUT, TOLD);
    fd_fdstat_get(LISTENER, OUT);
    fd_fdstat_get(FILE, OUT);
    fd_filestat_get(LISTENER, OUT);
    fd_filestat_get(FILE, OUT);
    fd_pread(FILE, OUT, 1, 0, TOLD);
    fd_pread(FILE, IOVEC, 1, 0, OUT);
    fd_prestat_dir_name(DIRECTORY, OUT, 64);
    fd_prestat_get(LISTENER, OUT);
    fd_prestat_get(DIRECTORY, OUT);
    fd_pwrite(FILE, OUT, 1, 0, TOLD);
    fd_pwrite(FILE, IOVEC, 1, 0, OUT);
    fd_read(NEW, OUT, 1, TOLD);
    fd_read(FILE, OUT, 1, TOLD);
    fd_readdir(DIRECTORY, OUT, 512, 0, TOLD);
    fd_readdir(DIRECTORY, BUFFER, 512, 0, OUT);
    fd_seek(FILE, 0, 0, OUT);
    fd_tell(FILE, OUT);
    fd_write(NEW, OUT, 1, TOLD);
    fd_write(FILE, OUT, 1, TOLD);
    path_create_directory(DIRECTORY, OUT, 512);
    path_filestat_get(DIRECTORY, 0, OUT, 512, STAT);
    path_filestat_get(DIRECTORY, 0, "a.txt", OUT);
    path_filestat_set_times(DIRECTORY, 0, OUT, 512, 0, 0, 1);
    path_link(DIRECTORY, 0, OUT, 512, OTHER, "name");
    path_link(DIRECTORY, 0, "a.txt", OTHER, OUT, 512);
    path_open(DIRECTORY, 0, OUT, 512, 0, RIGHTS, RIGHTS, 0, TOLD);
    path_open(DIRECTORY, 0, "made", 1, RIGHTS, RIGHTS, 0, OUT);
    path_readlink(DIRECTORY, OUT, 512, BUFFER, 64, TOLD);
    path_readlink(DIRECTORY, "link", OUT, 512, TOLD);
    path_remove_directory(DIRECTORY, OUT, 512);
    path_rename(DIRECTORY, OUT, 512, OTHER, "name");
    path_rename(DIRECTORY, "a.txt", OTHER, OUT, 512);
    path_symlink(OUT, 512, OTHER, "name");
    path_symlink("a.txt", OTHER, OUT, 512);
    path_unlink_file(DIRECTORY, OUT, 512);
    poll_oneoff(OUT, BUFFER, 8, TOLD);
    poll_oneoff(STAT, OUT, 8, TOLD);
    poll_oneoff(STAT, BUFFER, 1, OUT);
    random_get(OUT, 512);
    sock_accept(LISTENER, 0, OUT);
    sock_recv(NEW, OUT, 1, 0, TOLD, TOLD + 4);
    sock_recv(NEW, IOVEC, 1, 0, OUT, TOLD);
    sock_recv(NEW, IOVEC, 1, 0, TOLD, OUT);
    sock_send(NEW, OUT, 1, 0, TOLD);
    sock_send(NEW, IOVEC, 1, 0, OUT);
}

#[test]
fn a_pointer_out_of_the_memory_ends_the_guest_with_the_calls_name() {
    for (name, arguments) in calls() {
        match end_of(name, &arguments) {
            Outcome::Trapped { message, .. } => {
                assert!(message.starts_with(&format!("{name}: ")), "{name}: {message}");
            }
            other => panic!("{name}: {other:?}"),
        }
    }
}

#[test]
fn a_guest_that_exits_is_told_by_its_code() {
    for code in [0, 7, 256, u32::MAX] {
        assert_eq!(end_of("proc_exit", &[code.into()]), Outcome::Exited(code));
    }
}

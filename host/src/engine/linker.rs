//! All 46 functions of preview1 by name. Each is one line; what it does is in `calls.rs` or `files.rs`.

use super::guest::Guest;
use super::suspended::{Suspended, took_its_turn, turn_ended};
use super::{calls, files};
use crate::memory::split;
use wasi_poll_preview1::Network;
use wasmtime::{Caller, Engine, Linker, Result};

/// The one module that preview1 is.
pub const MODULE: &str = "wasi_snapshot_preview1";

macro_rules! functions {
    (
        ours { $($ours:ident($($our_argument:ident),*);)* }
        files { $($files:ident($($file_argument:ident),*);)* }
    ) => {
        /// Their names.
        pub const NAMES: &[&str] = &[$(stringify!($ours),)* $(stringify!($files),)*];

        /// What a guest can import.
        pub fn preview1<N: Network + 'static>(engine: &Engine) -> Result<Linker<Guest<N>>> {
            let mut linker = Linker::new(engine);
            $(
                linker.func_wrap(
                    MODULE,
                    stringify!($ours),
                    |mut caller: Caller<'_, Guest<N>>, $($our_argument),*| {
                        calls::$ours(&mut caller, $($our_argument),*)
                    },
                )?;
            )*
            $(
                linker.func_wrap(
                    MODULE,
                    stringify!($files),
                    |mut caller: Caller<'_, Guest<N>>, $($file_argument),*| {
                        let (memory, guest) = split(&mut caller)?;
                        files::$files(memory, guest, $($file_argument),*)
                    },
                )?;
            )*
            Ok(linker)
        }

        /// What a guest can import that shares its thread with others: a call that would wait gives the thread away,
        /// and is then made again with the same arguments.
        pub fn preview1_sharing<N: Network + Send + 'static>(engine: &Engine) -> Result<Linker<Guest<N>>> {
            let mut linker = preview1(engine)?;
            linker.allow_shadowing(true);
            $(
                linker.func_wrap_async(
                    MODULE,
                    stringify!($ours),
                    |mut caller: Caller<'_, Guest<N>>, ($($our_argument,)*)| {
                        Box::new(async move {
                            took_its_turn(&mut caller).await;
                            loop {
                                match calls::$ours(&mut caller, $($our_argument),*) {
                                    Err(error) if error.is::<Suspended>() => turn_ended(&mut caller).await?,
                                    ended => return ended,
                                }
                            }
                        })
                    },
                )?;
            )*
            Ok(linker)
        }
    };
}

functions! {
    ours {
        clock_res_get(clock, resolution);
        clock_time_get(clock, precision, time);
        fd_close(fd);
        fd_fdstat_get(fd, stat);
        fd_fdstat_set_flags(fd, flags);
        fd_filestat_get(fd, stat);
        fd_prestat_dir_name(fd, path, length);
        fd_prestat_get(fd, prestat);
        fd_read(fd, iovecs, count, bytes);
        fd_renumber(fd, onto);
        fd_write(fd, iovecs, count, bytes);
        path_filestat_get(fd, flags, path, length, stat);
        path_link(fd, flags, path, length, new_fd, new_path, new_length);
        path_open(fd, lookup, path, length, open, base, inheriting, flags, opened);
        path_readlink(fd, path, length, buffer, buffer_length, bytes);
        path_rename(fd, path, length, new_fd, new_path, new_length);
        path_symlink(target, target_length, fd, path, length);
        poll_oneoff(subscriptions, events, count, told);
        proc_exit(code);
        proc_raise(signal);
        random_get(buffer, length);
        sock_accept(fd, flags, accepted);
        sock_recv(fd, iovecs, count, flags, bytes, told);
        sock_send(fd, iovecs, count, flags, bytes);
        sock_shutdown(fd, how);
    }
    files {
        args_get(pointers, bytes);
        args_sizes_get(count, bytes);
        environ_get(pointers, bytes);
        environ_sizes_get(count, bytes);
        fd_advise(fd, offset, length, advice);
        fd_allocate(fd, offset, length);
        fd_datasync(fd);
        fd_fdstat_set_rights(fd, base, inheriting);
        fd_filestat_set_size(fd, size);
        fd_filestat_set_times(fd, accessed, modified, flags);
        fd_pread(fd, iovecs, count, offset, bytes);
        fd_pwrite(fd, iovecs, count, offset, bytes);
        fd_readdir(fd, buffer, length, cookie, bytes);
        fd_seek(fd, offset, whence, position);
        fd_sync(fd);
        fd_tell(fd, position);
        path_create_directory(fd, path, length);
        path_filestat_set_times(fd, flags, path, length, accessed, modified, set);
        path_remove_directory(fd, path, length);
        path_unlink_file(fd, path, length);
        sched_yield();
    }
}

#[cfg(test)]
mod tests {
    use super::NAMES;

    #[test]
    fn preview1_has_46_functions() {
        assert_eq!(NAMES.len(), 46);
    }
}

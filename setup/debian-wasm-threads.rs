//! The two thread calls that std names and Debian 12's wasi-libc lacks; no others belong here.
//! No thread can be started on wasip1, so neither is ever called.
#![no_std]

/// What wasi-libc calls ENOTSUP.
const NOT_SUPPORTED: i32 = 58;

#[no_mangle]
extern "C" fn pthread_join(_thread: usize, _result: usize) -> i32 {
    NOT_SUPPORTED
}

#[no_mangle]
extern "C" fn pthread_detach(_thread: usize) -> i32 {
    NOT_SUPPORTED
}

//! The thread calls that std names and Debian 12's wasi-libc lacks; no others belong here.
//! They answer as rustup's wasi-libc does on wasip1: no thread can be started.
#![no_std]

const SUCCESS: i32 = 0;
/// What wasi-libc calls ENOTSUP.
const NOT_SUPPORTED: i32 = 58;

#[no_mangle]
extern "C" fn pthread_attr_init(_attributes: usize) -> i32 {
    SUCCESS
}

#[no_mangle]
extern "C" fn pthread_attr_setstacksize(_attributes: usize, _bytes: usize) -> i32 {
    SUCCESS
}

#[no_mangle]
extern "C" fn pthread_attr_destroy(_attributes: usize) -> i32 {
    SUCCESS
}

#[no_mangle]
extern "C" fn pthread_create(_thread: usize, _attributes: usize, _start: usize, _argument: usize) -> i32 {
    NOT_SUPPORTED
}

#[no_mangle]
extern "C" fn pthread_join(_thread: usize, _result: usize) -> i32 {
    NOT_SUPPORTED
}

#[no_mangle]
extern "C" fn pthread_detach(_thread: usize) -> i32 {
    NOT_SUPPORTED
}

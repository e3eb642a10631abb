//! How much of the heap a run may take: a guest must not make the host allocate by a number of its own choice.

use cap::Cap;
use std::alloc::System;
use std::panic;
use std::sync::Once;

#[global_allocator]
static HEAP: Cap<System> = Cap::new(System, usize::MAX);

/// Does `work` with at most `bytes` more of the heap than are taken now; more is an abort. Afterwards nothing of it is left.
///
/// # Panics
/// When `work` leaks.
pub fn within(bytes: usize, work: impl FnOnce()) {
    unlimited_by_panics();
    let before = HEAP.allocated();
    at_most(bytes, work);
    let after = HEAP.allocated();
    assert!(after <= before, "{} bytes were left on the heap", after - before);
}

/// As [`within`], where some may be kept for later.
pub fn at_most(bytes: usize, work: impl FnOnce()) {
    unlimited_by_panics();
    limit(HEAP.allocated() + bytes);
    work();
    limit(usize::MAX);
}

/// What is told of a panic takes more than any run.
fn unlimited_by_panics() {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let told_before = panic::take_hook();
        panic::set_hook(Box::new(move |panicked| {
            limit(usize::MAX);
            told_before(panicked);
        }));
    });
}

fn limit(bytes: usize) {
    HEAP.set_limit(bytes).expect("more than is allocated now");
}

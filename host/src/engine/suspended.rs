//! Guests that share one thread: how a call that would wait gives the thread away, and when. Whose turn comes next is
//! decided by whoever resumes them.

use super::guest::Guest;
use std::fmt;
use std::future::poll_fn;
use std::task::Poll;
use wasi_poll_preview1::{Network, Stop};
use wasmtime::{Caller, Error, Result};

/// What a call fails with that would wait: it is made again when the guest has its next turn.
#[derive(Debug)]
pub struct Suspended;

impl fmt::Display for Suspended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the guest waits for its next turn")
    }
}

impl std::error::Error for Suspended {}

/// What a guest needs that shares its thread with others.
pub struct Sharing {
    /// Called before each call; true when the guest has had its turn and others come before that call.
    pub turn: Box<dyn FnMut() -> bool + Send>,
    /// When the call that was suspended began, for who observes it.
    pub began_ns: Option<u64>,
}

/// Counts a call, and gives the thread away first when the guest has had its turn.
pub async fn took_its_turn<N: Network>(caller: &mut Caller<'_, Guest<N>>) {
    if let Some(sharing) = &mut caller.data_mut().sharing
        && (sharing.turn)()
    {
        next_turn().await;
    }
}

/// Waits with the network for what the suspended call waits for, and gives the thread away.
pub async fn turn_ended<N: Network>(caller: &mut Caller<'_, Guest<N>>) -> Result<()> {
    caller.data_mut().process.wait().map_err(Error::new)?;
    next_turn().await;
    let Guest { killer, trace, .. } = caller.data();
    // Who observes the guest is told in which call it was ended, so that is made once more, and fails.
    if killer.is_killed() && trace.is_none() { Err(Error::new(Stop::Killed)) } else { Ok(()) }
}

/// Is pending once.
async fn next_turn() {
    let mut had = false;
    poll_fn(|_| if std::mem::replace(&mut had, true) { Poll::Ready(()) } else { Poll::Pending }).await;
}

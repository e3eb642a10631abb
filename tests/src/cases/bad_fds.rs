//! A source whose fd isn't open. Only code that is unsafe makes one.

use std::mem;
use std::os::fd::FromRawFd;

use crate::prelude::*;

/// epoll refuses it when it is registered; `poll_oneoff` can only answer with an event, an error on its token.
/// Either way the others are served.
pub fn a_bad_fd_disturbs_no_other_source() -> Case {
    Case::of_rows(&[13])
        .guest(|guest| {
            let mut listener = guest.listen()?;
            let mut watch = Watch::new()?;
            // SAFETY: no I/O is done on it, and it is forgotten below, so no fd is closed that isn't ours.
            let mut bad = unsafe { TcpStream::from_raw_fd(1000) };
            let registered = watch.add(&mut bad, 1, READ);
            watch.add(&mut listener, 2, READ)?;
            if guest.world() == World::Native {
                ensure!(registered.is_err(), "epoll knows every fd");
            } else {
                registered?;
                let seen = watch.next_is(1)?;
                ensure!(seen.error, "{seen:?}");
                watch.remove(&mut bad)?;
            }
            mem::forget(bad);

            guest.say("connect");
            watch.next_is(2)?;
            listener.accept()?;
            Ok(())
        })
        .peer(|peer| {
            let address = peer.hear("listening on ")?.parse()?;
            peer.wait_for("connect")?;
            drop(peer.connect_to(address)?);
            Ok(())
        })
}

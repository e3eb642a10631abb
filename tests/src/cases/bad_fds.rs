//! A source whose fd isn't open.

use mio::unix::SourceFd;

use crate::prelude::*;

/// epoll refuses it when it is registered; `poll_oneoff` can only answer with an event, an error on its token.
/// Either way the others are served.
pub fn a_bad_fd_disturbs_no_other_source() -> Case {
    Case::of_rows(&[13])
        .guest(|guest| {
            let mut listener = guest.listen()?;
            let mut watch = Watch::new()?;
            let mut bad = SourceFd(&1000);
            let registered = watch.add(&mut bad, 1, READ);
            watch.add(&mut listener, 2, READ)?;
            if guest.world().is_guest() {
                registered?;
                let seen = watch.next_is(1)?;
                ensure!(seen.error, "{seen:?}");
                watch.remove(&mut bad)?;
            } else {
                ensure!(registered.is_err(), "epoll knows every fd");
            }
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

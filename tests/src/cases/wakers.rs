//! Wakers: a poll's own event.

use std::sync::Arc;
use std::thread;

use mio::Waker;

use crate::prelude::*;

/// At once, however long it might have waited.
pub fn a_wake_makes_the_next_poll_return_its_token() -> Case {
    Case::of_rows(&[15, 16]).guest(|_| {
        for token in [0, 7, usize::MAX] {
            let mut watch = Watch::new()?;
            let waker = Arc::new(Waker::new(watch.registry(), Token(token))?);
            for _ in 0..3 {
                watch.quiet()?;
                let start = Instant::now();
                Arc::clone(&waker).wake()?;
                watch.next_is(token)?;
                ensure!(start.elapsed() < Duration::from_secs(1), "{:?}", start.elapsed());
            }
            watch.quiet()?;
        }
        Ok(())
    })
}

/// Into one event.
pub fn wakes_before_one_poll_coalesce() -> Case {
    Case::of_rows(&[15]).guest(|_| {
        let mut watch = Watch::new()?;
        let waker = Waker::new(watch.registry(), Token(1))?;
        for _ in 0..100 {
            waker.wake()?;
        }
        watch.next_is(1)?;
        watch.quiet()?;
        waker.wake()?;
        watch.next_is(1)?;
        Ok(())
    })
}

/// A wake is something that can end it.
pub fn a_wake_ends_a_poll_with_no_timeout_and_no_source() -> Case {
    Case::of_rows(&[3, 15]).guest(|_| {
        let mut watch = Watch::new()?;
        let waker = Waker::new(watch.registry(), Token(5))?;
        waker.wake()?;
        let seen = watch.poll(None)?;
        ensure!(seen.len() == 1 && seen[0].token == 5, "{seen:?}");
        Ok(())
    })
}

/// Neither hides the other.
pub fn a_wake_and_a_ready_source_are_both_reported() -> Case {
    Case::of_rows(&[11, 15])
        .guest(|guest| {
            let (mut watch, mut stream) = guest.connection()?;
            let waker = Waker::new(watch.registry(), Token(1))?;
            watch.add(&mut stream, 2, READ)?;
            guest.say("send");
            watch.next_is(2)?;
            watch.again(&mut stream, 2, READ)?;
            waker.wake()?;
            let mut tokens: Vec<_> = watch.next()?.iter().map(|seen| seen.token).collect();
            if tokens.len() < 2 {
                tokens.extend(watch.next()?.iter().map(|seen| seen.token));
            }
            tokens.sort_unstable();
            ensure!(tokens == [1, 2], "{tokens:?}");
            watch.quiet()?;
            guest.say("done");
            Ok(())
        })
        .peer(|peer| {
            let mut stream = peer.connect()?;
            peer.wait_for("send")?;
            stream.write_all(b"!")?;
            peer.wait_for("done")
        })
}

/// However many polls there are: a waker is of one of them.
pub fn a_wake_reaches_its_own_poll_alone() -> Case {
    Case::of_rows(&[15]).guest(|_| {
        let (mut one, mut two) = (Watch::new()?, Watch::new()?);
        let (of_one, of_two) = (Waker::new(one.registry(), Token(1))?, Waker::new(two.registry(), Token(1))?);
        of_one.wake()?;
        two.quiet()?;
        one.next_is(1)?;
        of_two.wake()?;
        one.quiet()?;
        two.next_is(1)?;
        Ok(())
    })
}

/// As an executor does whose tasks are never done: each turn ends at once, and the sockets have theirs.
pub fn a_loop_that_wakes_itself_in_each_turn_serves_its_sources() -> Case {
    const MESSAGES: usize = 20;
    Case::of_rows(&[11, 15])
        .guest(|guest| {
            let (mut watch, mut stream) = guest.connection()?;
            let waker = Waker::new(watch.registry(), Token(1))?;
            watch.add(&mut stream, 2, READ)?;
            guest.say("send");
            waker.wake()?;
            let start = Instant::now();
            let mut echoed = 0;
            while echoed < MESSAGES {
                ensure!(
                    start.elapsed() < Duration::from_secs(5),
                    "{echoed} messages in {:?}",
                    start.elapsed()
                );
                let seen = watch.next()?;
                if seen.iter().any(|seen| seen.token == 2) {
                    let bytes = drain(&mut stream)?;
                    put(&mut stream, &bytes)?;
                    echoed += bytes.len();
                }
                if seen.iter().any(|seen| seen.token == 1) {
                    waker.wake()?;
                }
            }
            guest.say("done");
            Ok(())
        })
        .peer(|peer| {
            let mut stream = peer.connect()?;
            peer.wait_for("send")?;
            for _ in 0..MESSAGES {
                stream.write_all(b"m")?;
                crate::peer::expect(&mut *stream, b"m")?;
            }
            peer.wait_for("done")
        })
}

/// Guests have no threads to do it from.
pub fn a_wake_from_another_thread_ends_the_current_poll() -> Case {
    Case::of_rows(&[15]).guest(|_| {
        let mut watch = Watch::new()?;
        let waker = Arc::new(Waker::new(watch.registry(), Token(1))?);
        // A dropped waker wakes nobody: this one outlives the thread.
        let waking = Arc::clone(&waker);
        let thread = thread::spawn(move || waking.wake());
        watch.next_is(1)?;
        thread.join().map_err(|_| anyhow::anyhow!("waking panicked"))??;
        Ok(())
    })
}

//! Timeouts: none, a short one, a huge one. These are the cases that sleep.

use crate::prelude::*;

/// Rounded up, never down: also those that are no whole number of milliseconds.
pub fn a_timeout_with_nothing_registered_elapses_and_never_ends_early() -> Case {
    Case::of_rows(&[1]).guest(|_| {
        let mut watch = Watch::new()?;
        for timeout_ns in [1, 999, 999_999, 1_000_001, 5_300_000, 30_000_000] {
            let timeout = Duration::from_nanos(timeout_ns);
            let start = Instant::now();
            let seen = watch.poll(Some(timeout))?;
            let elapsed = start.elapsed();
            ensure!(seen.is_empty(), "{seen:?}");
            ensure!(elapsed >= timeout, "{timeout:?} ended after {elapsed:?}");
        }
        Ok(())
    })
}

/// The clock's own event is not the program's.
pub fn a_timeout_beside_a_silent_source_elapses_and_reports_nothing() -> Case {
    Case::of_rows(&[1]).guest(|guest| {
        let mut listener = guest.listen()?;
        let mut watch = Watch::new()?;
        watch.add(&mut listener, 0, READ)?;
        let timeout = Duration::from_micros(20_500);
        let start = Instant::now();
        ensure!(watch.poll(Some(timeout))?.is_empty());
        ensure!(start.elapsed() >= timeout, "it ended after {:?}", start.elapsed());
        Ok(())
    })
}

/// Both when nothing is ready, and when something is.
pub fn a_zero_timeout_returns_at_once_with_what_is_ready() -> Case {
    Case::of_rows(&[2])
        .guest(|guest| {
            let start = Instant::now();
            ensure!(Watch::new()?.now()?.is_empty(), "nothing is registered");
            let mut listener = guest.listen()?;
            let mut watch = Watch::new()?;
            watch.add(&mut listener, 3, READ)?;
            ensure!(watch.now()?.is_empty(), "nobody was told to connect");
            ensure!(start.elapsed() < Duration::from_secs(1), "{:?}", start.elapsed());

            guest.say("connect");
            watch.next_is(3)?;
            watch.again(&mut listener, 3, READ)?;
            let start = Instant::now();
            let seen = watch.now()?;
            ensure!(seen.len() == 1 && seen[0].readable, "{seen:?}");
            ensure!(start.elapsed() < Duration::from_secs(1), "{:?}", start.elapsed());
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

/// A timeout of all the nanoseconds there are is as good as none.
pub fn a_huge_timeout_does_not_overflow() -> Case {
    Case::of_rows(&[2])
        .guest(|guest| {
            let mut listener = guest.listen()?;
            let mut watch = Watch::new()?;
            watch.add(&mut listener, 1, READ)?;
            for timeout in [Duration::MAX, Duration::from_nanos(u64::MAX), Duration::from_secs(u64::MAX)] {
                let seen = watch.poll(Some(timeout))?;
                ensure!(seen.len() == 1, "{timeout:?} ended with {seen:?}");
                watch.again(&mut listener, 1, READ)?;
            }
            listener.accept()?;
            Ok(())
        })
        .peer(|peer| {
            drop(peer.connect()?);
            Ok(())
        })
}

/// Nothing could ever end it. Natively a signal or another thread could, so there it waits.
pub fn an_empty_set_with_no_timeout_is_invalid_input() -> Case {
    Case::of_rows(&[3]).guest(|_| {
        let error = Watch::new()?.poll(None).err().context("it returned")?;
        ensure!(error.kind() == ErrorKind::InvalidInput, "{error:?}");
        Ok(())
    })
}

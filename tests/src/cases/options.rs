//! Options of streams and listeners. Those of datagram sockets are theirs.

use crate::prelude::*;

/// Of a stream that was accepted, and of one that connected.
pub fn nodelay_is_what_it_was_set_to() -> Case {
    Case::of_rows(&[23]).granted(&[Grant::Connect("127.0.0.1")]).guest(|guest| {
        for stream in both_ends(guest)? {
            for on in [true, false, true] {
                stream.set_nodelay(on)?;
                ensure!(stream.nodelay()? == on, "it was set to {on}");
            }
        }
        Ok(())
    })
}

/// Of streams and of the listener; and a time that is none is refused.
pub fn ttl_is_what_it_was_set_to() -> Case {
    Case::of_rows(&[23]).granted(&[Grant::Connect("127.0.0.1")]).guest(|guest| {
        let listener = guest.listen()?;
        for ttl in [1, 64, 255] {
            listener.set_ttl(ttl)?;
            ensure!(listener.ttl()? == ttl, "{:?}, and it was set to {ttl}", listener.ttl());
        }
        for stream in ends_of(&listener)? {
            for ttl in [7, 255] {
                stream.set_ttl(ttl)?;
                ensure!(stream.ttl()? == ttl, "{:?}, and it was set to {ttl}", stream.ttl());
            }
            let error = stream.set_ttl(256).err().context("no byte holds that")?;
            ensure!(error.kind() == ErrorKind::InvalidInput, "{error:?}");
            ensure!(stream.ttl()? == 255, "{:?} after a refusal", stream.ttl());
        }
        Ok(())
    })
}

fn both_ends(guest: &mut Guest) -> Result<[TcpStream; 2]> {
    let listener = guest.listen()?;
    ends_of(&listener)
}

/// A connection's two ends, the accepted one first.
fn ends_of(listener: &TcpListener) -> Result<[TcpStream; 2]> {
    let mut watch = Watch::new()?;
    let mut stream = TcpStream::connect(listener.local_addr()?)?;
    watch.add(&mut stream, 0, WRITE)?;
    watch.next_is(0)?;
    watch.remove(&mut stream)?;
    ensure!(stream.take_error()?.is_none());
    Ok([listener.accept()?.0, stream])
}

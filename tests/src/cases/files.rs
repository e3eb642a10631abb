//! Files, where there are sockets.

use std::fs;

use crate::peer::expect;
use crate::prelude::*;

/// Its fd comes after the listeners', and a guest's C library looks for it there.
pub fn a_preopened_directory_is_found_beside_a_listener() -> Case {
    Case::of_rows(&[27])
        .directory()
        .guest(|guest| {
            let greeting = fs::read(guest.directory()?.join("greeting")).context("before")?;
            let (mut watch, mut stream) = guest.connection()?;
            put(&mut stream, &greeting)?;

            watch.add(&mut stream, 1, READ)?;
            watch.next_is(1)?;
            let told = drain(&mut stream)?;
            let path = guest.directory()?.join("told");
            fs::write(&path, &told).context("write")?;
            ensure!(fs::read(&path)? == b"what was told");
            fs::remove_file(&path)?;
            put(&mut stream, b"kept")?;
            Ok(())
        })
        .peer(|peer| {
            let mut stream = peer.connect()?;
            expect(&mut *stream, b"hello from a file")?;
            stream.write_all(b"what was told")?;
            expect(&mut *stream, b"kept")
        })
}

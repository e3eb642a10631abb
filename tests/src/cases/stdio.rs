//! stdin, stdout and stderr as sources. These halves run in a process of their own, whose stdio the other half
//! holds; lines are said on stderr, where stdout is what is tried.

use mio::unix::SourceFd;

use crate::prelude::*;

const STDIN: i32 = 0;
const STDOUT: i32 = 1;
const STDERR: i32 = 2;

/// And closed when nobody can write to it any more.
pub fn a_pipe_at_stdin_is_readable_when_it_has_bytes() -> Case {
    Case::of_rows(&[26]).listeners(0).guest(|guest| {
        let mut watch = Watch::new()?;
        let mut stdin = SourceFd(&STDIN);
        watch.add(&mut stdin, 1, READ)?;
        for word in [b"one".as_slice(), b"two", b"three"] {
            watch.quiet()?;
            guest.say("write");
            let seen = watch.next_is(1)?;
            ensure!(seen.readable && !seen.error, "{seen:?}");
            let mut bytes = [0; 64];
            let size = io::stdin().read(&mut bytes)?;
            ensure!(bytes[..size] == *word, "{:?}", &bytes[..size]);
        }
        watch.quiet()?;
        guest.say("close");
        let seen = watch.next_is(1)?;
        ensure!(seen.readable || seen.read_closed, "{seen:?}");
        ensure!(io::stdin().read(&mut [0; 8])? == 0, "it is closed");
        guest.say("done");
        Ok(())
    })
}

/// What is written while it says so never waits; and what waits in it is read before it says so again.
pub fn a_pipe_at_stdout_is_writable_while_it_has_room() -> Case {
    Case::of_rows(&[26]).listeners(0).guest(|_| {
        let mut watch = Watch::new()?;
        let mut stdout = SourceFd(&STDOUT);
        watch.add(&mut stdout, 1, WRITE)?;
        // As many as a pipe that is writable takes without waiting.
        let bytes = [b'x'; 4096];
        let mut written = 0;
        loop {
            watch.again(&mut stdout, 1, WRITE)?;
            let seen = watch.poll(Some(Duration::from_millis(60)))?;
            if seen.is_empty() {
                break;
            }
            ensure!(seen.len() == 1 && seen[0].writable && !seen[0].error, "{seen:?}");
            io::stdout().write_all(&bytes)?;
            io::stdout().flush()?;
            written += bytes.len();
            ensure!(written <= 1 << 24, "it is never full");
        }
        eprintln!("full {written}");
        ensure!(watch.next_is(1)?.writable);
        io::stdout().write_all(b"the end")?;
        io::stdout().flush()?;
        Ok(())
    })
}

/// Lines on it come in the order of the events beside it.
pub fn stderr_is_polled_as_stdout_is() -> Case {
    Case::of_rows(&[26]).listeners(0).guest(|guest| {
        let mut watch = Watch::new()?;
        let mut stderr = SourceFd(&STDERR);
        watch.add(&mut stderr, usize::MAX, WRITE)?;
        ensure!(watch.next_is(usize::MAX)?.writable);
        watch.remove(&mut stderr)?;
        guest.say("done");
        Ok(())
    })
}

/// Also at its end. epoll takes no files: natively registering one is refused.
pub fn a_file_at_stdin_or_stdout_is_always_ready() -> Case {
    Case::of_rows(&[26]).listeners(0).guest(|guest| {
        let mut watch = Watch::new()?;
        let (mut stdin, mut stdout) = (SourceFd(&STDIN), SourceFd(&STDOUT));
        if !guest.world().is_guest() {
            for file in [&mut stdin, &mut stdout] {
                let error = watch.add(file, 1, READ).err().context("epoll takes no files")?;
                ensure!(error.kind() == ErrorKind::PermissionDenied, "{error:?}");
            }
            return Ok(());
        }
        watch.add(&mut stdin, 1, READ)?;
        watch.add(&mut stdout, 2, WRITE)?;
        for size in [12, 0, 0] {
            let seen = watch.next()?;
            ensure!(seen.iter().any(|seen| seen.token == 1 && seen.readable && !seen.error), "{seen:?}");
            ensure!(seen.iter().any(|seen| seen.token == 2 && seen.writable && !seen.error), "{seen:?}");
            ensure!(io::stdin().read(&mut [0; 64])? == size);
            println!("{size}");
        }
        Ok(())
    })
}

/// A program can serve sockets while somebody types.
pub fn stdin_and_a_listener_are_polled_together() -> Case {
    Case::of_rows(&[26]).guest(|guest| {
        let mut watch = Watch::new()?;
        let mut listener = guest.listen()?;
        let mut stdin = SourceFd(&STDIN);
        watch.add(&mut listener, 1, READ)?;
        watch.add(&mut stdin, 2, READ)?;
        for _ in 0..2 {
            guest.say("connect");
            watch.next_is(1)?;
            listener.accept()?;
            ensure!(listener.accept().is_err_and(|error| error.kind() == ErrorKind::WouldBlock));
            guest.say("write");
            watch.next_is(2)?;
            ensure!(io::stdin().read(&mut [0; 8])? == 1);
        }
        watch.quiet()?;
        guest.say("done");
        Ok(())
    })
}

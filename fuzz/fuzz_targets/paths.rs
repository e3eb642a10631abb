//! Paths and values in the network directory: any bytes are a path with a meaning or one of the documented errnos,
//! nothing is opened without a grant, and what is read of an attribute can be set.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wasi_poll_fuzz::budget;
use wasi_poll_fuzz::bytes::{NAMES, Path};
use wasi_poll_fuzz::watched::Watched;
use wasi_poll_preview1::net_dir::Grants;
use wasi_poll_preview1::{Errno, Failure, Memory, MemoryNetwork, Process, Progress};

const PATH: u32 = 4_096;
const VALUE: u32 = 16_384;
const MEMORY_BYTES: usize = 32_768;
const HEAP_BYTES: usize = 1024 * 1024;
const DIRECTORY: u8 = 3;
const SYMBOLIC_LINK: u8 = 7;

/// Whether everything is granted, a path, a value, and how much room there is for one.
type Input = (bool, Path, Vec<u8>, u16);

fuzz_target!(|input: Input| budget::within(HEAP_BYTES, || run(&input)));

struct Guest<'a> {
    process: Process<&'a mut Watched<MemoryNetwork>>,
    memory: Vec<u8>,
}

impl Guest<'_> {
    /// Makes a call until it doesn't block, and fails only with one of these errnos.
    fn call<T>(
        &mut self,
        errnos: &[Errno],
        mut call: impl FnMut(
            &mut Process<&mut Watched<MemoryNetwork>>,
            &mut Memory<'_>,
        ) -> Result<Progress<T>, Failure>,
    ) -> Result<T, Errno> {
        for _ in 0..4 {
            match call(&mut self.process, &mut Memory::new(&mut self.memory)) {
                Ok(Progress::Done(done)) => return Ok(done),
                Ok(Progress::Blocked) => self.process.wait().expect("an answer is on its way"),
                Err(Failure::Errno(errno)) if errnos.contains(&errno) => return Err(errno),
                Err(failure) => panic!("{failure:?}"),
            }
        }
        panic!("it waits again and again")
    }

    fn put(&mut self, pointer: u32, bytes: &[u8]) -> (u32, u32) {
        self.memory[pointer as usize..][..bytes.len()].copy_from_slice(bytes);
        (pointer, bytes.len() as u32)
    }

    fn link(&mut self, path: &[u8], size: u32, errnos: &[Errno]) -> Result<Vec<u8>, Errno> {
        let path = self.put(PATH, path);
        let used = self.call(errnos, |process, memory| process.net_readlink(memory, path, VALUE, size, 0))?;
        assert!(used <= size);
        Ok(self.memory[VALUE as usize..][..used as usize].to_vec())
    }
}

fn run((granted, path, value, size): &Input) {
    use Errno::{
        Acces, Addrinuse, Addrnotavail, Badf, Connrefused, Inval, Isdir, Loop, Mfile, Nametoolong, Nobufs,
        Noent, Noprotoopt, Notconn, Notsock, Perm,
    };
    let network = MemoryNetwork::new().with_name(NAMES[0], &[[10, 0, 0, 2].into()]).with_name(NAMES[2], &[]);
    let mut watched = Watched::new(network);
    let mut guest = Guest { process: Process::new(&mut watched), memory: vec![0; MEMORY_BYTES] };
    let grants = if *granted { Grants::all() } else { Grants::default() };
    guest.process.grant(grants).expect("room");
    if *granted {
        // A listener and a datagram socket, at fds that a path may name.
        for path in ["tcp/listen/10.0.0.1:80", "udp/bind/10.0.0.1:81"] {
            let path = guest.put(PATH, path.as_bytes());
            guest.call(&[], |process, memory| process.net_open(memory, path, 0, 4, 0)).expect("it is free");
        }
    }
    let bytes = path.bytes();
    let bytes = &bytes[..bytes.len().min(2_048)];
    let text = str::from_utf8(bytes).ok();
    let path = guest.put(PATH, bytes);

    // Without effect: what the path names.
    let errnos = [Inval, Noent, Nametoolong];
    let stat =
        guest.call(&errnos, |process, memory| process.net_filestat(memory, path, 64).map(Progress::Done));
    let filetype = stat.map(|()| guest.memory[64 + 16]);
    assert_eq!(bytes.len() > 1_024, filetype == Err(Nametoolong));
    assert!(text.is_some() || matches!(filetype, Err(Inval | Nametoolong)));

    let open = guest.process.network().open();
    let errnos = [Acces, Addrinuse, Addrnotavail, Connrefused, Inval, Isdir, Loop, Mfile, Nametoolong, Noent];
    let opened = guest.call(&errnos, |process, memory| process.net_open(memory, path, 0, 4, 0));
    match (filetype, opened) {
        (Err(errno), opened) => assert_eq!(opened.map(|_| ()), Err(errno)),
        (Ok(DIRECTORY), opened) => assert_eq!(opened.map(|_| ()), Err(Isdir)),
        (Ok(SYMBOLIC_LINK), opened) => assert_eq!(opened.map(|_| ()), Err(Loop)),
        // A readiness set, which needs no grant and is nothing to the network.
        (Ok(_), Ok(_)) if text == Some("poll") => assert_eq!(guest.process.network().open(), open),
        (Ok(_), Ok(opened)) => {
            assert!(*granted, "nothing is granted");
            assert_eq!(guest.process.network().open(), open + 1);
            let local =
                guest.link(format!("fd/{}/local", opened.fd).as_bytes(), 100, &[]).expect("an address");
            let local: std::net::SocketAddr =
                str::from_utf8(&local).expect("text").parse().expect("an address");
            assert!(local.port() != 0);
        }
        (Ok(_), Err(errno)) => assert!(*granted || errno == Acces, "{errno:?} tells more than was granted"),
    }

    let errnos = [Acces, Badf, Inval, Nametoolong, Noent, Noprotoopt, Notconn, Notsock];
    let size = u32::from(*size) % 8_192;
    let cut = guest.link(bytes, size, &errnos);
    let whole = guest.link(bytes, 8_192, &errnos);
    let is_error = text.is_some_and(|text| text.ends_with("/error"));
    if let (Ok(cut), Ok(whole), false) = (&cut, &whole, is_error) {
        assert_eq!(*cut, whole[..cut.len()]);
        assert_eq!(cut.len(), whole.len().min(size as usize));
    }

    let errnos =
        [Acces, Addrinuse, Addrnotavail, Badf, Inval, Nametoolong, Nobufs, Noent, Noprotoopt, Notsock, Perm];
    let value = &value[..value.len().min(8_192)];
    for value in [value.to_vec(), whole.clone().unwrap_or_default()] {
        let (path, target) = (guest.put(PATH, bytes), guest.put(VALUE, &value));
        let set = guest.call(&errnos, |process, memory| process.net_symlink(memory, target, path));
        assert!(*granted || set.is_err());
        if set.is_ok()
            && let Ok(now) = guest.link(bytes, 8_192, &[Noprotoopt])
        {
            // A number may be written in more than one way.
            let number = |text: &[u8]| str::from_utf8(text).ok().and_then(|text| text.parse::<u32>().ok());
            assert!(now == value || number(&now) == number(&value), "{now:?} was set to {value:?}");
        }
    }
    drop(guest);
    assert_eq!(watched.open(), 0);
}

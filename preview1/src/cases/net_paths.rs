//! The network directory itself: its name, its records, the paths it has not, and the calls it does not know.

use super::guest::{
    BUFFER, BYTES, FD, MEMORY_BYTES, PATH, STAT, VALUE, errno, is_misaligned, is_out_of_bounds,
};
use super::{Guest, Rig};
use crate::net_dir::Grants;
use crate::{Closed, Errno, Memory, Process, Target};

pub fn the_network_directory_says_what_it_is<R: Rig>() {
    let mut guest = Guest::<R>::free();
    assert_eq!(guest.process.target(3), Ok(Target::NetDir));
    let mut memory = Memory::new(&mut guest.memory);
    guest.process.net_prestat(&mut memory, STAT).unwrap();
    guest.process.net_prestat_dir_name(&mut memory, BUFFER, 9).unwrap();
    assert_eq!(guest.bytes_at(STAT, 8), [0, 0, 0, 0, 4, 0, 0, 0]);
    assert_eq!(guest.bytes_at(BUFFER, 9), b"/net\0\0\0\0\0");
    let mut memory = Memory::new(&mut guest.memory);
    let short = guest.process.net_prestat_dir_name(&mut memory, BUFFER, 3);
    assert_eq!(short, errno(Errno::Nametoolong));
    guest.process.net_fdstat(&mut memory, STAT).unwrap();
    let stat = guest.bytes_at(STAT, 24);
    assert_eq!(stat[..4], [3, 0, 0, 0]);
    assert_eq!(stat[8..16], stat[16..], "what it may do, what it opens may do");
    assert_ne!(stat[16..], [0; 8]);
    for (path, filetype) in [("", 3), (".", 3), ("dns/localhost", 7), ("fd/0/local", 7)] {
        let path = guest.put(PATH, path.as_bytes());
        let mut memory = Memory::new(&mut guest.memory);
        guest.process.net_filestat(&mut memory, path, STAT).unwrap();
        assert_eq!(guest.memory[STAT as usize + 16], filetype);
    }
}

pub fn the_network_directory_can_be_closed_and_is_no_socket<R: Rig>() {
    let mut guest = Guest::<R>::free();
    assert_eq!(guest.recv(3, 9, 0), errno(Errno::Notsock));
    assert_eq!(guest.accept(3, 0), errno(Errno::Notsock));
    assert_eq!(guest.attribute(3, "local"), errno(Errno::Notsock));
    assert_eq!(guest.process.fd_close(3), Ok(Closed::Whole));
    assert_eq!(guest.process.target(3), Err(Errno::Badf));
}

pub fn without_a_grant_there_is_no_network_directory<R: Rig>() {
    let mut guest = Guest::<R>::new();
    assert_eq!(guest.process.grant(Grants::default()), Ok(None));
    assert_eq!(guest.process.target(3), Err(Errno::Badf));
}

pub fn other_calls_on_the_network_directory_change_nothing<R: Rig>() {
    for (call, answer) in [
        ("path_create_directory", Errno::Perm),
        ("path_link", Errno::Perm),
        ("path_rename", Errno::Perm),
        ("path_remove_directory", Errno::Perm),
        ("path_unlink_file", Errno::Perm),
        ("path_filestat_set_times", Errno::Perm),
        ("fd_readdir", Errno::Notsup),
        ("fd_fdstat_set_rights", Errno::Notsup),
        ("fd_read", Errno::Isdir),
        ("fd_write", Errno::Isdir),
        ("fd_seek", Errno::Isdir),
    ] {
        assert_eq!(Process::<R::Network>::errno_of_net_call(call), answer, "{call}");
    }
}

pub fn a_path_that_is_not_there_or_does_not_parse_says_which<R: Rig>() {
    let mut guest = Guest::<R>::free();
    let (noent, inval) = (Errno::Noent, Errno::Inval);
    for (path, answer) in [
        ("", Errno::Isdir),
        (".", Errno::Isdir),
        ("./", Errno::Isdir),
        ("..", noent),
        ("../etc/passwd", noent),
        ("/", noent),
        ("/tcp/listen/127.0.0.1:0", noent),
        ("tcp/../udp/bind/127.0.0.1:0", noent),
        ("tcp", noent),
        ("tcp/", noent),
        ("tcp/listen", noent),
        ("TCP/listen/127.0.0.1:0", noent),
        ("udp/connect/127.0.0.1:1", noent),
        ("unix/listen/a", noent),
        ("poll\0", noent),
        ("tcp/listen/", inval),
        ("tcp/listen/127.0.0.1", inval),
        ("tcp/listen/127.0.0.1:", inval),
        ("tcp/listen/:0", inval),
        ("tcp/listen/127.0.0.1:0/", inval),
        ("tcp/listen//127.0.0.1:0", inval),
        ("tcp/listen/127.0.0.1:0\0", inval),
        ("tcp/listen/127.0.0.1:65536", inval),
        ("tcp/listen/127.0.0.1:-1", inval),
        ("tcp/listen/127.0.0.01:0", inval),
        ("tcp/listen/127.1:0", inval),
        ("tcp/listen/localhost:0", inval),
        ("tcp/connect/::1:80", inval),
        ("tcp/connect/[::1]", inval),
        ("udp/bind/[::1:0", inval),
        ("dns", noent),
        ("dns/localhost", Errno::Loop),
        ("fd", noent),
        ("fd/0", noent),
        ("fd/0/", noent),
        ("fd/0/local", Errno::Loop),
        ("fd/0/local/", noent),
        ("fd/0/Local", noent),
        ("fd//local", inval),
        ("fd/-1/local", inval),
        ("fd/4294967296/local", inval),
    ] {
        assert_eq!(guest.open(path, 0), errno(answer), "{path:?}");
    }
    assert_eq!(guest.next_fd(), 4);
}

pub fn a_path_that_is_no_text_is_einval<R: Rig>() {
    let mut guest = Guest::<R>::free();
    for bytes in [&b"\xff"[..], b"tcp/listen/127.0.0.1:0\x80", b"dns/\xc3"] {
        let path = guest.put(PATH, bytes);
        assert_eq!(
            guest.finish(|process, memory| process.net_open(memory, path, 0, 0, FD)),
            errno(Errno::Inval)
        );
        let link = guest.finish(|process, memory| process.net_readlink(memory, path, BUFFER, 9, BYTES));
        assert_eq!(link, errno(Errno::Inval));
    }
    let (fd, _) = guest.bound(0);
    let (path, value) = (guest.put(PATH, format!("fd/{fd}/ttl").as_bytes()), guest.put(VALUE, b"6\xff"));
    let set = guest.finish(|process, memory| process.net_symlink(memory, value, path));
    assert_eq!(set, errno(Errno::Inval));
}

pub fn a_path_or_value_of_megabytes_is_too_long<R: Rig>() {
    const LONG: u32 = 8 << 20;
    let mut guest = Guest::<R>::free();
    let (fd, _) = guest.bound(0);
    let short = guest.put(PATH, format!("fd/{fd}/ttl").as_bytes());
    guest.memory.resize((MEMORY_BYTES + LONG) as usize, b'/');
    for length in [1_025, LONG] {
        let long = (MEMORY_BYTES, length);
        let too_long = Errno::Nametoolong;
        assert_eq!(guest.finish(|process, memory| process.net_open(memory, long, 0, 0, FD)), errno(too_long));
        let link = guest.finish(|process, memory| process.net_readlink(memory, long, BUFFER, 9, BYTES));
        assert_eq!(link, errno(too_long));
        let set = guest.finish(|process, memory| process.net_symlink(memory, (BUFFER, 1), long));
        assert_eq!(set, errno(too_long));
        let set = guest.finish(|process, memory| process.net_symlink(memory, long, short));
        assert_eq!(set, errno(too_long));
        let mut memory = Memory::new(&mut guest.memory);
        assert_eq!(guest.process.net_filestat(&mut memory, long, STAT), errno(too_long));
    }
    let exactly = (MEMORY_BYTES, 1_024);
    let open = guest.finish(|process, memory| process.net_open(memory, exactly, 0, 0, FD));
    assert_eq!(open, errno(Errno::Noent));
}

pub fn a_link_is_cut_where_the_buffer_ends<R: Rig>() {
    let mut guest = Guest::<R>::free();
    let (fd, address) = guest.bound(0);
    let text = address.to_string();
    let path = guest.put(PATH, format!("fd/{fd}/local").as_bytes());
    for size in 0..=text.len() as u32 + 1 {
        guest.memory[BUFFER as usize..][..32].fill(b'.');
        let used = guest.finish(|process, memory| process.net_readlink(memory, path, BUFFER, size, BYTES));
        let fits = text.len().min(size as usize);
        assert_eq!(used, Ok(fits as u32));
        assert_eq!(guest.bytes_at(BUFFER, fits as u32), &text.as_bytes()[..fits]);
        assert_eq!(guest.memory[BUFFER as usize + fits], b'.', "nothing behind it");
    }
}

pub fn only_links_can_be_read_and_only_attributes_set<R: Rig>() {
    let mut guest = Guest::<R>::free();
    for path in ["", "tcp/listen/127.0.0.1:0", "udp/bind/127.0.0.1:0"] {
        assert_eq!(guest.read_link(path), errno(Errno::Inval), "{path}");
        assert_eq!(guest.set(path, "1"), errno(Errno::Perm), "{path}");
    }
    assert_eq!(guest.set("dns/localhost", "127.0.0.1"), errno(Errno::Perm));
    assert_eq!(guest.read_link("nothing"), errno(Errno::Noent));
    assert_eq!(guest.set("nothing", "1"), errno(Errno::Noent));
    assert_eq!(guest.next_fd(), 4);
}

pub fn a_bad_pointer_to_the_network_directory_traps_and_sets_nothing<R: Rig>() {
    let mut guest = Guest::<R>::free();
    let (fd, _) = guest.bound(0);
    let ttl = guest.attribute(fd, "ttl").unwrap();
    let path = guest.put(PATH, format!("fd/{fd}/ttl").as_bytes());
    let value = guest.put(VALUE, b"9");
    for (value, path) in
        [((MEMORY_BYTES, 1), path), (value, (MEMORY_BYTES - 1, 2)), ((u32::MAX, 9), (0, 2_000))]
    {
        let set = guest.finish(|process, memory| process.net_symlink(memory, value, path));
        assert!(is_out_of_bounds(&set));
    }
    for (buffer, used) in [(MEMORY_BYTES - 3, BYTES), (BUFFER, MEMORY_BYTES - 3)] {
        let link = guest.finish(|process, memory| process.net_readlink(memory, path, buffer, 4, used));
        assert!(is_out_of_bounds(&link));
    }
    let link = guest.finish(|process, memory| process.net_readlink(memory, path, BUFFER, 4, BYTES + 1));
    assert!(is_misaligned(&link));
    let mut memory = Memory::new(&mut guest.memory);
    assert!(is_out_of_bounds(&guest.process.net_prestat_dir_name(&mut memory, MEMORY_BYTES - 3, 4)));
    assert!(is_out_of_bounds(&guest.process.net_prestat(&mut memory, MEMORY_BYTES - 4)));
    assert!(is_out_of_bounds(&guest.process.net_fdstat(&mut memory, MEMORY_BYTES - 16)));
    assert!(is_misaligned(&guest.process.net_fdstat(&mut memory, STAT + 4)));
    assert!(is_out_of_bounds(&guest.process.net_filestat(&mut memory, path, MEMORY_BYTES - 56)));
    assert!(is_misaligned(&guest.process.net_filestat(&mut memory, (0, 2_000), STAT + 4)));
    assert_eq!(guest.attribute(fd, "ttl"), Ok(ttl));
}

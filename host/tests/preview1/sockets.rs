//! Connections and polls, beside files: each call finds what its fd is. What they mean is `preview1`'s own cases'.

use crate::calls::{BUFFER, Calls, DIRECTORY, IOVEC, LISTENER, NET, NEW, NONE, RIGHTS, STAT, TOLD};
use crate::guest::{clock_subscription, read_subscription, write_subscription};

const NONBLOCK: u32 = 4;

fn accepts(guest: &mut Calls) {
    calls! { guest; sock_accept(LISTENER, NONBLOCK, TOLD) => Success; }
    guest.told(NEW);
}

pub fn a_connection_is_accepted(guest: &mut Calls) {
    accepts(guest);
    calls! { guest;
        fd_fdstat_set_flags(LISTENER, NONBLOCK) => Success;
        sock_accept(LISTENER, 0, TOLD) => Again;
        sock_accept(LISTENER, 1, TOLD) => Inval;
        sock_accept(NEW, 0, TOLD) => Inval;
        sock_accept(DIRECTORY, 0, TOLD) => Notsock;
        sock_accept(NET, 0, TOLD) => Notsock;
        sock_accept(0, 0, TOLD) => Notsock;
        sock_accept(NONE, 0, TOLD) => Badf;
    }
    guest.told(NEW);
}

pub fn bytes_are_received(guest: &mut Calls) {
    const PEEK: u32 = 1;
    accepts(guest);
    guest.data(256, &read_subscription(1, NEW));
    guest.iovec(BUFFER, 3);
    calls! { guest;
        poll_oneoff(256, 512, 1, TOLD) => Success;
        sock_recv(NEW, IOVEC, 1, PEEK, TOLD, TOLD + 4) => Success;
        sock_recv(NEW, IOVEC, 1, 0, TOLD, TOLD + 4) => Success;
    }
    guest.told(3);
    guest.short_is(TOLD + 4, 0);
    guest.bytes_are(BUFFER, "hel");
    calls! { guest; sock_recv(NEW, IOVEC, 1, 0, TOLD, TOLD + 4) => Success; }
    guest.told(2);
    guest.bytes_are(BUFFER, "lol");
    calls! { guest;
        sock_recv(NEW, IOVEC, 1, 0, TOLD, TOLD + 4) => Again;
        sock_recv(NEW, IOVEC, 1, 8, TOLD, TOLD + 4) => Inval;
        sock_recv(NEW, IOVEC, 2_000, 0, TOLD, TOLD + 4) => Nomem;
        sock_recv(LISTENER, IOVEC, 1, 0, TOLD, TOLD + 4) => Notconn;
        sock_recv(DIRECTORY, IOVEC, 1, 0, TOLD, TOLD + 4) => Notsock;
        sock_recv(NONE, IOVEC, 1, 0, TOLD, TOLD + 4) => Badf;
    }
}

pub fn bytes_are_sent(guest: &mut Calls) {
    accepts(guest);
    guest.iovec_of("answer");
    calls! { guest;
        sock_send(NEW, IOVEC, 1, 0, TOLD) => Success;
        sock_send(NEW, IOVEC, 1, 1, TOLD) => Inval;
        sock_send(NEW, IOVEC, 2_000, 0, TOLD) => Nomem;
        sock_send(LISTENER, IOVEC, 1, 0, TOLD) => Notconn;
        sock_send(DIRECTORY, IOVEC, 1, 0, TOLD) => Notsock;
        sock_send(NONE, IOVEC, 1, 0, TOLD) => Badf;
        sock_shutdown(NEW, 2) => Success;
        sock_send(NEW, IOVEC, 1, 0, TOLD + 4) => Pipe;
        fd_write(NEW, IOVEC, 1, TOLD + 4) => Pipe;
    }
    guest.told(6);
}

pub fn a_direction_is_ended(guest: &mut Calls) {
    accepts(guest);
    calls! { guest;
        sock_shutdown(NEW, 2) => Success;
        sock_shutdown(NEW, 0) => Inval;
        sock_shutdown(NEW, 4) => Inval;
        sock_shutdown(LISTENER, 1) => Notconn;
        sock_shutdown(DIRECTORY, 1) => Notsock;
        sock_shutdown(NONE, 1) => Badf;
    }
}

pub fn a_poll_tells_of_a_file_a_stream_and_a_clock(guest: &mut Calls) {
    accepts(guest);
    guest.opens("a.txt", NEW + 1);
    let subscriptions = [
        read_subscription(1, NEW + 1),
        write_subscription(2, NEW),
        read_subscription(3, NONE),
        clock_subscription(4, 0),
        read_subscription(5, DIRECTORY),
    ];
    guest.data(BUFFER, &subscriptions.concat());
    calls! { guest; poll_oneoff(BUFFER, BUFFER + 512, 5, TOLD) => Success; }
    guest.told(5);
    // Userdata, errno, type.
    for (place, errno, kind) in [(0, 0, 1), (1, 0, 2), (2, 8, 1), (3, 0, 0), (4, 0, 1)] {
        let event = BUFFER + 512 + 32 * place;
        guest.long_is(event, u64::from(place) + 1);
        guest.short_is(event + 8, errno);
        guest.byte_is(event + 10, kind);
    }
    guest.data(2_048, &clock_subscription(1, 0).replacen("\\00", "\\09", 9));
    calls! { guest;
        poll_oneoff(BUFFER, BUFFER + 512, 0, TOLD) => Inval;
        poll_oneoff(BUFFER, BUFFER + 512, 100_000, TOLD) => Nomem;
        poll_oneoff(2_048, BUFFER + 512, 1, TOLD) => Inval;
    }
    // A clock of CPU time.
    guest.data(3_072, &clock_subscription(1, 0));
    guest.data(3_072 + 16, "\\02");
    calls! { guest; poll_oneoff(3_072, BUFFER + 512, 1, TOLD) => Notsup; }
}

pub fn the_network_directory_is_no_file(guest: &mut Calls) {
    calls! { guest;
        path_open(NET, 0, "udp/bind/127.0.0.1:0", 0, RIGHTS, RIGHTS, NONBLOCK, TOLD) => Success;
        path_readlink(NET, "fd/7/local", BUFFER, 64, TOLD + 4) => Success;
        path_symlink("1", NET, "fd/7/broadcast") => Success;
        path_symlink("2", NET, "fd/7/broadcast") => Inval;
        path_filestat_get(NET, 0, "fd/7/local", STAT) => Success;
        path_open(NET, 0, "tcp/connect/127.0.0.1:1", 0, RIGHTS, RIGHTS, NONBLOCK, TOLD) => Acces;
        path_open(NET, 0, "nothing", 0, RIGHTS, RIGHTS, 0, TOLD) => Noent;
        path_open(NET, 0, "tcp/listen/nonsense", 0, RIGHTS, RIGHTS, 0, TOLD) => Inval;
        fd_seek(NET, 0, 0, TOLD) => Isdir;
        fd_allocate(NET, 0, 1) => Isdir;
        path_link(DIRECTORY, 0, "a.txt", NET, "a.txt") => Xdev;
    }
    guest.told(NEW);
    guest.bytes_are(BUFFER, "127.0.0.1:");
}

//! Which core whose threads run on. Left to itself the scheduler puts server and clients on one core in one round and
//! on two in the next, and a request then costs a sixth or all of what it costs where the network is between them.

use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

/// The cores of this process as it was started: the server gets one, the clients another.
#[derive(Clone, Copy, Debug)]
pub struct Cores {
    server: CpuSet,
    clients: CpuSet,
}

impl Cores {
    /// Those this process may use; with fewer than two, or with `left_alone`, nobody is kept from any.
    pub fn of_this_process(left_alone: bool) -> Cores {
        let all = sched_getaffinity(None).unwrap_or_default();
        let mut each = (0..CpuSet::MAX_CPU).filter(|&core| all.is_set(core)).map(|core| {
            let mut one = CpuSet::new();
            one.set(core);
            one
        });
        match (each.next(), each.next()) {
            (Some(clients), Some(server)) if !left_alone => Cores { server, clients },
            _ => Cores { server: all, clients: all },
        }
    }

    /// What this thread starts next, and all that starts itself, runs on the server's.
    pub fn before_the_server_starts(&self) {
        set(&self.server);
    }

    /// This thread, and what it starts next, runs on the clients'.
    pub fn for_the_clients(&self) {
        set(&self.clients);
    }
}

fn set(cores: &CpuSet) {
    // Refused, the scheduler goes on choosing.
    let _ = sched_setaffinity(None, cores);
}

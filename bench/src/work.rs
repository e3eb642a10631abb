//! What is measured: each row of the table, and the figures it gives.

use serde::{Deserialize, Serialize};

use crate::contender::Server;

/// A figure of one row. Its unit is in its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Figure {
    /// Requests, or connections, a second.
    PerSecond,
    /// The server's CPU time for each, user and system.
    CpuUs,
    /// Of that, user time.
    UserUs,
    /// Connections that were really idle beside it.
    Idle,
    /// One poll that finds nothing.
    PollNs,
    /// Registering, deregistering, and a poll after each.
    RegisterNs,
    /// Resident memory for each idle connection.
    BytesEach,
    /// From the start of the process to the first accepted client, with nothing compiled before.
    ColdMs,
    /// The same with the guest compiled before.
    CachedMs,
    /// Instructions in user mode for each message.
    Instructions,
}

/// What is done to a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Messages of a size on busy connections beside idle ones.
    Echo { busy: usize, idle: usize, message_bytes: usize },
    /// Connect, one message, close.
    Churn,
    /// HTTP requests.
    Http,
    /// Polls beside idle connections.
    Polls { idle: usize },
    /// Memory of idle connections.
    Memory { idle: usize },
    /// The start.
    Start,
    /// Instructions in user mode.
    Instructions,
}

/// A row.
#[derive(Clone, Debug)]
pub struct Work {
    /// By which it is chosen and kept: its letter, and what tells it from others of that letter.
    pub name: String,
    /// What the table says.
    pub title: String,
    /// What is done.
    pub kind: Kind,
}

impl Work {
    /// Every row, in the table's order.
    pub fn all() -> Vec<Work> {
        let mut works = Vec::new();
        let mut add = |name: String, title: String, kind| works.push(Work { name, title, kind });
        for message_bytes in [64, 512, 16 * 1024] {
            let title = format!("echo, 50 busy, {} B", grouped(message_bytes as u64));
            add(format!("a-{message_bytes}"), title, Kind::Echo { busy: 50, idle: 0, message_bytes });
        }
        let kind = Kind::Echo { busy: 1000, idle: 0, message_bytes: 512 };
        add("a-1000-busy".into(), "echo, 1,000 busy, 512 B".into(), kind);
        for idle in [0, 100, 1000, 9000] {
            let title = format!("echo, 8 busy beside {} idle, 512 B", grouped(idle as u64));
            add(format!("b-{idle}"), title, Kind::Echo { busy: 8, idle, message_bytes: 512 });
        }
        add("c".into(), "connect, one message, close".into(), Kind::Churn);
        add("d".into(), "HTTP on hyper, wrk -t1 -c100".into(), Kind::Http);
        for idle in [1, 10, 100, 1000, 9000] {
            let title = format!("one poll beside {} idle", grouped(idle as u64));
            add(format!("e-{idle}"), title, Kind::Polls { idle });
        }
        add("f-memory".into(), "memory, 9,000 idle".into(), Kind::Memory { idle: 9000 });
        add("f-start".into(), "start to first accept".into(), Kind::Start);
        add("i".into(), "instructions a message, 512 B, both ends".into(), Kind::Instructions);
        works
    }
}

impl Kind {
    /// Which server it is done to.
    pub fn server(self) -> Server {
        match self {
            Kind::Echo { .. } | Kind::Churn | Kind::Memory { .. } | Kind::Start => Server::Echo,
            Kind::Http => Server::Http,
            Kind::Instructions => Server::Pair,
            Kind::Polls { .. } => Server::Polls,
        }
    }
}

/// Digits in groups of three.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{Work, grouped};

    #[test]
    fn digits_stand_in_groups_of_three() {
        assert_eq!([0, 999, 1000, 1_234_567].map(grouped), ["0", "999", "1,000", "1,234,567"]);
    }

    #[test]
    fn each_row_has_a_name_of_its_own() {
        let mut names: Vec<String> = Work::all().into_iter().map(|work| work.name).collect();
        let rows = names.len();
        names.sort();
        names.dedup();
        assert_eq!(names.len(), rows);
    }
}

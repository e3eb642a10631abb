//! A trace line for programs: one JSON object. Userdata are strings, for 64 bits are more than a JSON number
//! holds everywhere.

use super::text::clock_name;
use super::{Answer, End, Record};
use serde_json::{Value, json};
use wasi_poll_preview1::{Errno, Event, EventKind, Subscription, Watch};

/// An object with `call`, `started_ns`, `took_ns` and `errno` (or `ended`), and what else the call has: `fd`,
/// `onto`, `path`, `target`, `new_fd`, `peer`, `bytes`, `subscriptions`, `events`.
pub fn line(record: &Record<'_>, into: &mut String) {
    let mut object = json!({
        "call": record.call.name,
        "started_ns": record.started_ns,
        "took_ns": record.took_ns,
    });
    if let Some(fd) = record.call.fd {
        object["fd"] = fd.into();
    }
    if let Some(onto) = record.call.onto {
        object["onto"] = onto.into();
    }
    if let Some(path) = &record.paths.path {
        object["path"] = path.as_str().into();
    }
    if let Some(target) = &record.paths.target {
        object["target"] = target.as_str().into();
    }
    if let Some((subscriptions, events)) = record.poll {
        object["subscriptions"] = subscriptions.iter().map(subscription).collect();
        object["events"] = events.iter().map(event).collect();
    }
    match &record.end {
        End::Answered(answer) => {
            object["errno"] = Errno::Success.name().into();
            match answer {
                Answer::Nothing | Answer::Polled => {}
                Answer::Opened(opened) => object["new_fd"] = opened.fd.into(),
                Answer::Bytes(bytes) => object["bytes"] = (*bytes).into(),
                Answer::Accepted(accepted) => {
                    object["new_fd"] = accepted.fd.into();
                    object["peer"] = accepted.peer.to_string().into();
                }
            }
        }
        End::Refused(errno) => object["errno"] = errno.name().into(),
        End::Ended(why) => object["ended"] = why.as_str().into(),
    }
    into.push_str(&object.to_string());
}

fn subscription(subscription: &Subscription) -> Value {
    let userdata = format!("{:#x}", subscription.userdata);
    match subscription.watch {
        Watch::Read(fd) => json!({ "userdata": userdata, "watch": "read", "fd": fd }),
        Watch::Write(fd) => json!({ "userdata": userdata, "watch": "write", "fd": fd }),
        Watch::Clock { clock, timeout_ns, absolute } => json!({
            "userdata": userdata,
            "watch": "clock",
            "clock": clock_name(clock),
            "timeout_ns": timeout_ns,
            "absolute": absolute,
        }),
    }
}

fn event(event: &Event) -> Value {
    let mut object = json!({ "userdata": format!("{:#x}", event.userdata), "errno": event.errno.name() });
    let (kind, ready) = match event.kind {
        EventKind::Clock => ("clock", None),
        EventKind::Read(ready) => ("read", Some(ready)),
        EventKind::Write(ready) => ("write", Some(ready)),
    };
    object["type"] = kind.into();
    if let Some(ready) = ready {
        object["bytes"] = ready.bytes.into();
        object["hangup"] = ready.hangup.into();
        object["error"] = ready.error.map(Errno::name).into();
    }
    object
}

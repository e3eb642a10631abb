//! `Watches`, subscriptions kept from one call to the next: which of them watch an fd, and which have to be
//! looked at because something may have changed. What they are told is `poll/`'s.
//!
//! Each watch is in the list of its fd, so that an edge finds it, and in the queue while there may be
//! something to tell. Both are doubly linked through the entries: every step is O(1), and none allocates
//! once the slab has grown.

use crate::transfer::Direction;
use slab::Slab;

/// One subscription to one direction of one fd.
#[derive(Debug)]
pub(crate) struct Watched {
    pub(crate) userdata: u64,
    pub(crate) fd: u32,
    pub(crate) direction: Direction,
    /// Where the guest's array has it; an owner without an array leaves it 0.
    pub(crate) place: u32,
    /// The descriptor it was for is gone, whatever the number means now.
    pub(crate) orphaned: bool,
    /// It stays when its event was told, and is then quiet until its direction was drained.
    pub(crate) edge: bool,
    /// It was told, and is quiet: no edge puts it in the queue.
    quiet: bool,
    /// Its neighbours in the list of its fd; none for a number that can't be open.
    by_fd: Option<Link>,
    /// Its neighbours in the queue, while it is in that.
    queued: Option<Link>,
}

/// Which watch, until it is removed.
pub(crate) type WatchId = u32;

/// No watch.
const NONE: WatchId = WatchId::MAX;

#[derive(Clone, Copy, Debug)]
struct Link {
    previous: WatchId,
    next: WatchId,
}

/// A set of watches.
#[derive(Debug)]
pub(crate) struct Watches {
    entries: Slab<Watched>,
    /// The first watch of each fd.
    heads: Vec<WatchId>,
    /// The queue's first and last.
    queue: Link,
}

impl Default for Watches {
    fn default() -> Watches {
        Watches { entries: Slab::new(), heads: Vec::new(), queue: Link { previous: NONE, next: NONE } }
    }
}

impl Watches {
    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    /// Adds a watch, which has to be looked at. No fd from `fd_bound` on can ever be open.
    pub(crate) fn insert(
        &mut self,
        (userdata, place): (u64, u32),
        fd: u32,
        direction: Direction,
        fd_bound: u32,
    ) -> WatchId {
        let watch = Watched {
            userdata,
            fd,
            direction,
            place,
            orphaned: false,
            edge: false,
            quiet: false,
            by_fd: None,
            queued: None,
        };
        let id = self.entries.insert(watch) as WatchId;
        if fd < fd_bound {
            self.link(id);
        }
        self.enqueue(id);
        id
    }

    /// Takes a watch out.
    pub(crate) fn remove(&mut self, id: WatchId) -> Watched {
        self.settle(id);
        let watch = self.entries.remove(id as usize);
        if let Some(Link { previous, next }) = watch.by_fd {
            match self.entries.get_mut(previous as usize).and_then(|watch| watch.by_fd.as_mut()) {
                Some(link) => link.next = next,
                None => self.heads[watch.fd as usize] = next,
            }
            if let Some(link) = self.entries.get_mut(next as usize).and_then(|watch| watch.by_fd.as_mut()) {
                link.previous = previous;
            }
        }
        watch
    }

    /// Takes all out.
    pub(crate) fn clear(&mut self) {
        self.entries.clear();
        self.heads.clear();
        self.queue = Link { previous: NONE, next: NONE };
    }

    pub(crate) fn get(&self, id: WatchId) -> &Watched {
        &self.entries[id as usize]
    }

    /// A watch of this direction of `fd`, if that is a number that can be open.
    pub(crate) fn find(&self, fd: u32, direction: Direction) -> Option<WatchId> {
        let mut at = self.head(fd);
        while at != NONE && self.get(at).direction != direction {
            at = self.next_of_fd(at);
        }
        (at != NONE).then_some(at)
    }

    /// From now on it stays when its event was told, or doesn't.
    pub(crate) fn set_edge(&mut self, id: WatchId, edge: bool) {
        self.entries[id as usize].edge = edge;
    }

    /// Something may have become ready on `fd`: all its watches that aren't quiet have to be looked at.
    pub(crate) fn wake(&mut self, fd: u32) {
        let mut at = self.head(fd);
        while at != NONE {
            if !self.get(at).quiet {
                self.enqueue(at);
            }
            at = self.next_of_fd(at);
        }
    }

    /// Its event was told: there is nothing more to tell until its direction was drained.
    pub(crate) fn hush(&mut self, id: WatchId) {
        self.settle(id);
        self.entries[id as usize].quiet = true;
    }

    /// A direction was drained: its watches are no longer quiet. They have to be looked at if it may be ready again.
    pub(crate) fn drained(&mut self, fd: u32, direction: Direction, maybe_ready: bool) {
        let mut at = self.head(fd);
        while at != NONE {
            let watch = &mut self.entries[at as usize];
            if watch.direction == direction && std::mem::take(&mut watch.quiet) && maybe_ready {
                self.enqueue(at);
            }
            at = self.next_of_fd(at);
        }
    }

    /// The descriptor behind `fd` is gone: its watches are orphaned.
    pub(crate) fn orphan(&mut self, fd: u32) {
        let mut at = self.head(fd);
        while at != NONE {
            self.enqueue(at);
            self.entries[at as usize].orphaned = true;
            at = self.next_of_fd(at);
        }
    }

    /// The first in the queue.
    pub(crate) fn first(&self) -> Option<WatchId> {
        (self.queue.next != NONE).then_some(self.queue.next)
    }

    /// The one behind a queued watch.
    pub(crate) fn behind(&self, id: WatchId) -> Option<WatchId> {
        self.get(id).queued.map(|link| link.next).filter(|&next| next != NONE)
    }

    /// Those that have to be looked at, in the order in which that was found.
    pub(crate) fn queued(&self) -> impl Iterator<Item = &Watched> {
        std::iter::successors(self.first(), |&id| self.behind(id)).map(|id| self.get(id))
    }

    /// There is nothing to tell of this one until its fd is woken.
    pub(crate) fn settle(&mut self, id: WatchId) {
        let watch = &mut self.entries[id as usize];
        let Some(Link { previous, next }) = watch.queued.take() else { return };
        match self.entries.get_mut(previous as usize).and_then(|watch| watch.queued.as_mut()) {
            Some(link) => link.next = next,
            None => self.queue.next = next,
        }
        match self.entries.get_mut(next as usize).and_then(|watch| watch.queued.as_mut()) {
            Some(link) => link.previous = previous,
            None => self.queue.previous = previous,
        }
    }

    fn enqueue(&mut self, id: WatchId) {
        let last = self.queue.previous;
        let watch = &mut self.entries[id as usize];
        if watch.queued.is_some() {
            return;
        }
        watch.queued = Some(Link { previous: last, next: NONE });
        match self.entries.get_mut(last as usize).and_then(|watch| watch.queued.as_mut()) {
            Some(link) => link.next = id,
            None => self.queue.next = id,
        }
        self.queue.previous = id;
    }

    fn link(&mut self, id: WatchId) {
        let fd = self.get(id).fd as usize;
        if self.heads.len() <= fd {
            self.heads.resize(fd + 1, NONE);
        }
        let next = std::mem::replace(&mut self.heads[fd], id);
        if let Some(link) = self.entries.get_mut(next as usize).and_then(|watch| watch.by_fd.as_mut()) {
            link.previous = id;
        }
        self.entries[id as usize].by_fd = Some(Link { previous: NONE, next });
    }

    fn head(&self, fd: u32) -> WatchId {
        self.heads.get(fd as usize).copied().unwrap_or(NONE)
    }

    fn next_of_fd(&self, id: WatchId) -> WatchId {
        self.get(id).by_fd.map_or(NONE, |link| link.next)
    }
}

//! `FdMap`, from a descriptor to its registration's place. Whether that registration is alive is the
//! selector's to know.

use std::collections::BTreeMap;
use std::os::fd::RawFd;

/// Below this the map is an array. Hosts give the lowest free number, so real descriptors are; a number
/// somebody made up must not cost its own size in memory.
const DENSE_FDS: usize = 1 << 16;

/// Which registration a descriptor has.
#[derive(Debug, Default)]
pub(super) struct FdMap {
    dense: Vec<Option<usize>>,
    sparse: BTreeMap<usize, usize>,
}

impl FdMap {
    pub(super) fn get(&self, fd: RawFd) -> Option<usize> {
        let fd = usize::try_from(fd).ok()?;
        if fd < DENSE_FDS { self.dense.get(fd).copied().flatten() } else { self.sparse.get(&fd).copied() }
    }

    /// Sets the registration of `fd`, which is not negative.
    pub(super) fn insert(&mut self, fd: RawFd, index: usize) {
        let fd = fd.cast_unsigned() as usize;
        if fd < DENSE_FDS {
            if self.dense.len() <= fd {
                self.dense.resize(fd + 1, None);
            }
            self.dense[fd] = Some(index);
        } else {
            self.sparse.insert(fd, index);
        }
    }

    pub(super) fn remove(&mut self, fd: RawFd) {
        let fd = fd.cast_unsigned() as usize;
        if let Some(index) = self.dense.get_mut(fd) {
            *index = None;
        } else {
            self.sparse.remove(&fd);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_descriptor_finds_its_registration_until_it_is_removed() {
        let mut map = FdMap::default();
        for fd in [0, 3, 9000, RawFd::MAX] {
            assert_eq!(map.get(fd), None);
            map.insert(fd, 7);
            assert_eq!(map.get(fd), Some(7));
            map.remove(fd);
            assert_eq!(map.get(fd), None);
        }
    }

    #[test]
    fn a_made_up_descriptor_costs_no_memory_of_its_size() {
        let mut map = FdMap::default();
        map.insert(RawFd::MAX, 1);
        assert!(map.dense.is_empty());
        assert_eq!(map.get(RawFd::MAX - 1), None);
    }

    #[test]
    fn a_negative_descriptor_has_no_registration() {
        assert_eq!(FdMap::default().get(-1), None);
    }
}

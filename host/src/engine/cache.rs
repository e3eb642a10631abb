//! Compiled modules on disk, so that a second start doesn't compile. Without a place to write, there is none.

use std::env;
use std::path::PathBuf;
use wasmtime::{Cache, CacheConfig};

/// The user's cache of compiled modules: a folder `wasmtime` in `$WASI_POLL_CACHE`, or else in `wasi-poll` in the
/// user's cache directory. It has that folder to itself: when the cache grows too large, wasmtime deletes what it
/// finds there.
pub fn on_disk() -> Option<Cache> {
    let mut config = CacheConfig::new();
    config.with_directory(folder()?);
    Cache::new(config).ok()
}

fn folder() -> Option<PathBuf> {
    let set = |name| env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let folder = set("WASI_POLL_CACHE")
        .or_else(|| Some(set("XDG_CACHE_HOME")?.join("wasi-poll")))
        .or_else(|| Some(set("HOME")?.join(".cache/wasi-poll")))?;
    // The cache wants a path that holds wherever the process goes.
    std::path::absolute(folder.join("wasmtime")).ok()
}

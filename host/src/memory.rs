//! The guest's memory, looked up once. Nothing is read or written here: that is `preview1`'s `Memory`.

use wasmtime::{AsContextMut, Caller, Instance, Result, bail};

/// Where the guest's memory is, once the guest is there.
#[derive(Clone, Copy, Debug, Default)]
pub struct MemoryHandle {
    memory: Option<wasmtime::Memory>,
}

impl MemoryHandle {
    /// Looks the export `memory` up: the only time.
    pub fn of(instance: Instance, store: impl AsContextMut) -> MemoryHandle {
        MemoryHandle { memory: instance.get_memory(store, "memory") }
    }
}

/// What has a handle among its data.
pub trait HasMemory {
    /// The handle.
    fn memory(&self) -> MemoryHandle;
}

/// The guest's memory and the store's data at once, until the next wait.
#[inline]
pub fn split<'a, T: HasMemory + 'static>(caller: &'a mut Caller<'_, T>) -> Result<(&'a mut [u8], &'a mut T)> {
    match caller.data().memory().memory {
        Some(memory) => Ok(memory.data_and_store_mut(caller)),
        None => bail!("called before the guest has a memory (from its start function)"),
    }
}

//! How much memory and how large tables a guest may have.

use crate::refusals::Refusals;
use crate::{Limits, Refusal};
use wasmtime::{ResourceLimiter, Result, bail};

/// Refuses growth past the limits. What a module wants from the start is an error that names the limit; what
/// it asks for later is refused as wasm has it, with -1, and whoever runs it is told.
#[derive(Debug)]
pub struct Limiter {
    limits: Limits,
    refusals: Refusals,
    memory_bytes: u64,
    table_elements: u64,
}

impl Limiter {
    pub fn new(limits: Limits, refusals: Refusals) -> Limiter {
        Limiter { limits, refusals, memory_bytes: 0, table_elements: 0 }
    }
}

/// Whether `taken` may grow by the difference of `current` and `desired`, and if so, does.
fn take(taken: &mut u64, limit: u64, current: usize, desired: usize) -> bool {
    let wanted = taken.saturating_add(desired.saturating_sub(current) as u64);
    if wanted <= limit {
        *taken = wanted;
    }
    wanted <= limit
}

impl ResourceLimiter for Limiter {
    fn memory_growing(&mut self, current: usize, desired: usize, _: Option<usize>) -> Result<bool> {
        let limit = self.limits.memory_bytes;
        let granted = take(&mut self.memory_bytes, limit, current, desired);
        if !granted && current == 0 {
            bail!(
                "it wants {desired} bytes of memory from the start, and its limit is {limit}; --max-memory sets it"
            );
        }
        if !granted {
            let what = format!("{limit} bytes of memory");
            self.refusals.tell(&Refusal { flag: "--max-memory", what });
        }
        Ok(granted)
    }

    fn table_growing(&mut self, current: usize, desired: usize, _: Option<usize>) -> Result<bool> {
        let limit = self.limits.table_elements;
        let granted = take(&mut self.table_elements, limit, current, desired);
        if !granted && current == 0 {
            bail!(
                "it wants a table of {desired} from the start, and its limit is {limit}; --max-table-elements sets it"
            );
        }
        if !granted {
            let what = format!("{limit} elements of tables");
            self.refusals.tell(&Refusal { flag: "--max-table-elements", what });
        }
        Ok(granted)
    }

    fn instances(&self) -> usize {
        self.limits.instances as usize
    }

    fn tables(&self) -> usize {
        self.limits.tables as usize
    }
}

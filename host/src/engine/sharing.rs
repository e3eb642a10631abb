//! One run of a guest that shares its thread with others: a future that is pending while the guest waits.

use super::calls::Exit;
use super::guest::Guest;
use super::instance::{Setup, ended, guest, store};
use super::linker;
use super::module::Code;
use super::{Module, Sharing};
use crate::memory::MemoryHandle;
use crate::{Outcome, RunError};
use std::pin::Pin;
use wasi_poll_preview1::Network;
use wasmtime::{Error, InstancePre, WasmBacktrace};

/// A guest's code with its imports, from which any number of guests can be started.
pub struct Linked<N: Network + 'static> {
    name: String,
    code: InstancePre<Guest<N>>,
}

/// A guest that was started: polled, it runs until it would wait, and is ready with how it ended.
pub type Running = Pin<Box<dyn Future<Output = Outcome> + Send>>;

impl<N: Network + Send + 'static> Linked<N> {
    /// Links a module that was compiled to be played.
    ///
    /// # Errors
    /// When it is a component.
    pub fn new(module: &Module) -> Result<Linked<N>, RunError> {
        let name = module.name().to_owned();
        let cannot = |error: &Error| RunError::new(format!("cannot play {name}: {error:#}"));
        let Code::Module(compiled) = &module.code else {
            return Err(cannot(&Error::msg("it is a component")));
        };
        let code = linker::preview1_sharing::<N>(compiled.engine())
            .and_then(|linker| linker.instantiate_pre(compiled))
            .map_err(|error| cannot(&error))?;
        Ok(Linked { name, code })
    }

    /// Starts a guest. It does nothing until it is polled first.
    ///
    /// # Errors
    /// When a directory it is given can't be opened.
    pub fn start(&self, setup: Setup<N>, sharing: Sharing) -> Result<Running, RunError> {
        let mut guest = guest(setup)?;
        guest.sharing = Some(sharing);
        let mut store = store(self.code.module().engine(), guest);
        let code = self.code.clone();
        let name = self.name.clone();
        Ok(Box::pin(async move {
            let instance = match code.instantiate_async(&mut store).await {
                Ok(instance) => instance,
                Err(error) if error.is::<WasmBacktrace>() || error.is::<Exit>() => {
                    return ended(&mut store, Err(error));
                }
                Err(error) => {
                    let message = format!("{name} can't be instantiated: {error:#}");
                    return Outcome::Trapped { message, backtrace: String::new() };
                }
            };
            store.data_mut().memory = MemoryHandle::of(instance, &mut store);
            let result = match instance.get_typed_func::<(), ()>(&mut store, "_start") {
                Ok(start) => start.call_async(&mut store, ()).await,
                Err(error) => Err(error),
            };
            ended(&mut store, result)
        }))
    }
}

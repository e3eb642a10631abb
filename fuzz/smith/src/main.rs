//! Makes modules for a fuzzer: for each run of bytes on stdin a module on stdout, both led by their length in 4 bytes.
//! The first run is the shape they all have, in wasm's text format; a module that can't be made is empty. It is a program of its own because wasm-smith and the engine want a crate they share with other
//! features, and in one program the engine would have to be built once more.

use arbitrary::{Result, Unstructured};
use std::io::{self, Read, Write};
use wasm_smith::{Config, Module};

fn main() -> io::Result<()> {
    let (mut from, mut to) = (io::stdin().lock(), io::stdout().lock());
    let mut next = || -> io::Result<Vec<u8>> {
        let mut length = [0; 4];
        from.read_exact(&mut length)?;
        let mut bytes = vec![0; u32::from_le_bytes(length) as usize];
        from.read_exact(&mut bytes)?;
        Ok(bytes)
    };
    let shape = wat::parse_bytes(&next()?).expect("the shape is well-formed").into_owned();
    // The end of the fuzzer is this program's, too.
    while let Ok(bytes) = next() {
        let module = module(&mut Unstructured::new(&bytes), &shape).unwrap_or_default();
        to.write_all(&(module.len() as u32).to_le_bytes())?;
        to.write_all(&module)?;
        to.flush()?;
    }
    Ok(())
}

/// A module that ends by itself, most often.
fn module(u: &mut Unstructured<'_>, shape: &[u8]) -> Result<Vec<u8>> {
    let ends = u.ratio(15, 16)?;
    let config = Config {
        module_shape: Some(shape.to_vec()),
        compact_imports_enabled: false,
        exceptions_enabled: u.ratio(1, 8)?,
        memory64_enabled: u.ratio(1, 16)?,
        threads_enabled: u.ratio(1, 16)?,
        shared_everything_threads_enabled: false,
        wide_arithmetic_enabled: false,
        max_memories: 2,
        max_tables: 2,
        // The imports are functions, too, and each has a type.
        max_funcs: 60,
        max_types: 80,
        ..Config::default()
    };
    let mut module = Module::new(config, u)?;
    if ends {
        // What can't be made to end is ended by the deadline.
        let _ = module.ensure_termination(1_000);
    }
    Ok(module.to_bytes())
}

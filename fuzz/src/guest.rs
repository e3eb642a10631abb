//! Whole guests for the engine: modules that wasm-smith makes up, in `smith/`, and modules that make one arbitrary call of preview1
//! after another. What runs them is `fuzz_targets/modules.rs`.

use crate::bytes::{Bytes, Count, Fd, Flags, Pointer};
use arbitrary::{Arbitrary, Result, Unstructured};
use std::cell::RefCell;
use std::env;
use std::fmt::Write as _;
use std::io::{Read, Write};
use std::process::{ChildStdin, ChildStdout, Command, Stdio};

/// All 46 functions, each parameter by what it is: `f` an fd, `p` a pointer, `c` a count or a length, `g` flags or a
/// kind, and `l` 64 bits.
const FUNCTIONS: [(&str, &str); 46] = [
    ("args_get", "pp"),
    ("args_sizes_get", "pp"),
    ("clock_res_get", "gp"),
    ("clock_time_get", "glp"),
    ("environ_get", "pp"),
    ("environ_sizes_get", "pp"),
    ("fd_advise", "fllg"),
    ("fd_allocate", "fll"),
    ("fd_close", "f"),
    ("fd_datasync", "f"),
    ("fd_fdstat_get", "fp"),
    ("fd_fdstat_set_flags", "fg"),
    ("fd_fdstat_set_rights", "fll"),
    ("fd_filestat_get", "fp"),
    ("fd_filestat_set_size", "fl"),
    ("fd_filestat_set_times", "fllg"),
    ("fd_pread", "fpclp"),
    ("fd_prestat_dir_name", "fpc"),
    ("fd_prestat_get", "fp"),
    ("fd_pwrite", "fpclp"),
    ("fd_read", "fpcp"),
    ("fd_readdir", "fpclp"),
    ("fd_renumber", "ff"),
    ("fd_seek", "flgp"),
    ("fd_sync", "f"),
    ("fd_tell", "fp"),
    ("fd_write", "fpcp"),
    ("path_create_directory", "fpc"),
    ("path_filestat_get", "fgpcp"),
    ("path_filestat_set_times", "fgpcllg"),
    ("path_link", "fgpcfpc"),
    ("path_open", "fgpcgllgp"),
    ("path_readlink", "fpcpcp"),
    ("path_remove_directory", "fpc"),
    ("path_rename", "fpcfpc"),
    ("path_symlink", "pcfpc"),
    ("path_unlink_file", "fpc"),
    ("poll_oneoff", "ppcp"),
    ("proc_exit", "g"),
    ("proc_raise", "g"),
    ("random_get", "pc"),
    ("sched_yield", ""),
    ("sock_accept", "fgp"),
    ("sock_recv", "fpcgpp"),
    ("sock_send", "fpcgp"),
    ("sock_shutdown", "fg"),
];

/// Steps of a guest that makes one call after another, at most.
const STEPS: usize = 60;

fn imports() -> String {
    let import = |(name, parameters): &(&str, &str)| {
        let kinds: Vec<&str> =
            parameters.chars().map(|kind| if kind == 'l' { "i64" } else { "i32" }).collect();
        let result = if *name == "proc_exit" { "" } else { "(result i32)" };
        format!(
            "(import \"wasi_snapshot_preview1\" \"{name}\" (func ${name} (param {}) {result}))",
            kinds.join(" ")
        )
    };
    FUNCTIONS.iter().map(import).collect()
}

/// The shape of every module of wasm-smith's: it imports all of preview1, exports its memory and can be started.
fn shape() -> String {
    format!("(module {} (memory (export \"memory\") 1 4) (func (export \"_start\")))", imports())
}

/// A module that wasm-smith makes of all the bytes left, in a program of its own beside this one: `smith`.
///
/// # Errors
/// When wasm-smith finds them too few.
pub fn of_wasm_smith(u: &mut Unstructured<'_>) -> Result<Vec<u8>> {
    thread_local!(static SMITH: RefCell<Smith> = RefCell::new(Smith::start()));
    let bytes = u.bytes(u.len())?;
    let module = SMITH.with_borrow_mut(|smith| smith.module(bytes));
    if module.is_empty() { Err(arbitrary::Error::NotEnoughData) } else { Ok(module) }
}

/// The program, and the pipes to and from it. What goes through them is led by its length, 4 bytes.
struct Smith {
    to: ChildStdin,
    from: ChildStdout,
}

impl Smith {
    #[expect(clippy::zombie_processes, reason = "it ends with this process, as its stdin does")]
    fn start() -> Smith {
        let program = env::current_exe().expect("this program's path").with_file_name("smith");
        let mut child = Command::new(&program)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{}: {error}; setup/fuzz builds it", program.display()));
        let mut to = child.stdin.take().expect("a pipe");
        send(&mut to, shape().as_bytes());
        Smith { to, from: child.stdout.take().expect("a pipe") }
    }

    fn module(&mut self, bytes: &[u8]) -> Vec<u8> {
        let Smith { to, from } = self;
        send(to, bytes);
        let mut length = [0; 4];
        from.read_exact(&mut length).expect("smith answers");
        let mut module = vec![0; u32::from_le_bytes(length) as usize];
        from.read_exact(&mut module).expect("smith answers");
        module
    }
}

fn send(to: &mut ChildStdin, bytes: &[u8]) {
    let sent = to.write_all(&(bytes.len() as u32).to_le_bytes()).and_then(|()| to.write_all(bytes));
    sent.expect("smith reads");
}

/// A module that writes into its memory and makes calls, with arguments that often mean something.
///
/// # Errors
/// When there are too few bytes to make one of.
pub fn of_calls(u: &mut Unstructured<'_>) -> Result<Vec<u8>> {
    let (mut data, mut body) = (String::new(), String::new());
    let mut laid_out = 0;
    for _ in 0..STEPS {
        if u.is_empty() {
            break;
        }
        if u.ratio(1, 3)? {
            let (Pointer(at), bytes) = (Pointer::arbitrary(u)?, Bytes::arbitrary(u)?.laid_out());
            let text = bytes.iter().fold(String::new(), |text, byte| text + &format!("\\{byte:02x}"));
            write!(data, "(data $d{laid_out} \"{text}\")").expect("to a string");
            write!(
                body,
                "(memory.init $d{laid_out} (i32.const {}) (i32.const 0) (i32.const {}))",
                at % 0x8000,
                bytes.len()
            )
            .expect("to a string");
            laid_out += 1;
            continue;
        }
        let (name, parameters) = u.choose(&FUNCTIONS)?;
        let mut arguments = String::new();
        for parameter in parameters.chars() {
            let number = match parameter {
                'f' => Fd::arbitrary(u)?.0,
                'p' => Pointer::arbitrary(u)?.0,
                'c' => Count::arbitrary(u)?.0,
                'g' => Flags::arbitrary(u)?.0,
                _ => {
                    let number: u64 = if u.ratio(3, 4)? { u.int_in_range(0..=99)? } else { u.arbitrary()? };
                    write!(arguments, "(i64.const {number})").expect("to a string");
                    continue;
                }
            };
            write!(arguments, "(i32.const {number})").expect("to a string");
        }
        let call = format!("(call ${name} {arguments})");
        if *name == "proc_exit" {
            body.push_str(&call);
        } else {
            write!(body, "(drop {call})").expect("to a string");
        }
    }
    let text = format!(
        "(module {} (memory (export \"memory\") 1 4) {data} (func (export \"_start\") {body}))",
        imports()
    );
    Ok(text.into())
}

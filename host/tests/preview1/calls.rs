//! A guest that makes preview1 calls one after another and tells what each answered: the calls, what is expected of
//! them, and how the two are compared. What calls there are is the cases'.

use crate::guest::{FUNCTIONS, escaped, text};
use std::fmt::Write as _;
use std::fs;
use std::io::Write;
use std::net::{Ipv4Addr, TcpStream};
use std::os::unix::fs::symlink;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use tempfile::TempDir;
use wasi_poll_host::{Grants, Module, Outcome, Runner};
use wasi_poll_preview1::Errno;

/// Every guest finds a listener with a client that says `hello`, two directories and `/net`; what it opens comes next.
pub const LISTENER: u32 = 3;
pub const DIRECTORY: u32 = 4;
pub const OTHER: u32 = 5;
pub const NET: u32 = 6;
pub const NEW: u32 = 7;
/// A number nobody has.
pub const NONE: u32 = 77;
/// No file is as large.
pub const HUGE: u64 = 1 << 62;

/// Where a guest keeps what: one iovec, numbers that calls tell, and bytes.
pub const IOVEC: u32 = 0;
pub const TOLD: u32 = 32;
pub const STAT: u32 = 64;
pub const BUFFER: u32 = 1_024;
const TEXTS: usize = 8_192;
const RESULTS: usize = 65_536;

/// All rights on files, for `path_open`.
pub const RIGHTS: u64 = 0x1FFF_FFFF;
pub const CREATE: u32 = 1;
pub const DIRECTORY_ONLY: u32 = 2;
pub const EXCLUSIVE: u32 = 4;
pub const TRUNCATE: u32 = 8;
pub const FOLLOW: u32 = 1;

/// One argument as a case writes it: a text stands for its pointer and its length.
pub enum Argument {
    Number(i128),
    Text(String),
}

macro_rules! numbers {
    ($($number:ty)*) => {
        $(impl From<$number> for Argument {
            fn from(number: $number) -> Argument {
                Argument::Number(number.into())
            }
        })*
    };
}
numbers! { i32 u32 i64 u64 }

impl From<&str> for Argument {
    fn from(text: &str) -> Argument {
        Argument::Text(text.to_owned())
    }
}

impl From<String> for Argument {
    fn from(text: String) -> Argument {
        Argument::Text(text)
    }
}

/// Writes calls as they are: `fd_tell(NEW, TOLD) => Success;`
#[macro_export]
macro_rules! calls {
    ($guest:ident; $($name:ident($($argument:expr),* $(,)?) => $errno:ident;)*) => {
        $($guest.call(stringify!($name), &[$($argument.into()),*], wasi_poll_preview1::Errno::$errno);)*
    };
}

/// What is expected of a step.
struct Step {
    what: String,
    expected: u64,
}

/// A guest's calls.
#[derive(Default)]
pub struct Calls {
    items: String,
    body: String,
    texts: usize,
    steps: Vec<Step>,
    /// Each call and what is expected of it.
    pub made: Vec<(&'static str, Errno)>,
}

impl Calls {
    /// One call of preview1, and what it is to answer.
    pub fn call(&mut self, name: &'static str, arguments: &[Argument], errno: Errno) {
        let call = self.written(name, arguments);
        self.made.push((name, errno));
        self.step(call.clone(), &format!("(i64.extend_i32_u {call})"), errno.raw().into());
    }

    /// One call, with nothing known of its result: it ends the guest.
    pub fn ends(&mut self, name: &'static str, arguments: &[Argument]) {
        let call = self.written(name, arguments);
        let result = if name == "proc_exit" { call } else { format!("(drop {call})") };
        self.body.push_str(&result);
    }

    /// The iovec is now of so many bytes there.
    pub fn iovec(&mut self, pointer: u32, length: u32) {
        write!(self.body, "(call $iovec (i32.const {pointer}) (i32.const {length}))").unwrap();
    }

    /// The iovec is now of this text.
    pub fn iovec_of(&mut self, text: &str) {
        let (pointer, length) = self.text(text);
        self.iovec(pointer, length);
    }

    pub fn byte_is(&mut self, pointer: u32, byte: u8) {
        self.step(
            format!("the byte at {pointer}"),
            &format!("(i64.load8_u (i32.const {pointer}))"),
            byte.into(),
        );
    }

    pub fn short_is(&mut self, pointer: u32, number: u16) {
        self.step(
            format!("u16 at {pointer}"),
            &format!("(i64.load16_u (i32.const {pointer}))"),
            number.into(),
        );
    }

    pub fn word_is(&mut self, pointer: u32, number: u32) {
        self.step(
            format!("u32 at {pointer}"),
            &format!("(i64.load32_u (i32.const {pointer}))"),
            number.into(),
        );
    }

    pub fn long_is(&mut self, pointer: u32, number: u64) {
        self.step(format!("u64 at {pointer}"), &format!("(i64.load (i32.const {pointer}))"), number);
    }

    pub fn long_is_not(&mut self, pointer: u32, number: u64) {
        let is_it =
            format!("(i64.extend_i32_u (i64.eq (i64.load (i32.const {pointer})) (i64.const {number})))");
        self.step(format!("whether the u64 at {pointer} is {number}"), &is_it, 0);
    }

    pub fn bytes_are(&mut self, pointer: u32, text: &str) {
        for (place, byte) in (pointer..).zip(text.bytes()) {
            self.byte_is(place, byte);
        }
    }

    /// The number told is this.
    pub fn told(&mut self, number: u32) {
        self.word_is(TOLD, number);
    }

    /// An item of the module's own.
    pub fn data(&mut self, pointer: u32, bytes: &str) {
        write!(self.items, "(data (i32.const {pointer}) \"{bytes}\")").unwrap();
    }

    /// Opens a path below the first directory, to read and write, at the fd `fd`.
    pub fn opens(&mut self, path: &str, fd: u32) {
        crate::calls! { self; path_open(DIRECTORY, FOLLOW, path, 0, RIGHTS, RIGHTS, 0, TOLD) => Success; }
        self.told(fd);
    }

    fn text(&mut self, text: &str) -> (u32, u32) {
        let at = TEXTS + self.texts;
        self.texts += text.len();
        assert!(at + text.len() < RESULTS, "the guest has no room for its texts");
        let bytes = escaped(text.as_bytes());
        write!(self.items, "(data (i32.const {at}) \"{bytes}\")").unwrap();
        (at as u32, text.len() as u32)
    }

    fn written(&mut self, name: &'static str, arguments: &[Argument]) -> String {
        let (_, types) = FUNCTIONS.iter().find(|(known, _)| *known == name).expect("one of the 46");
        let mut numbers = Vec::new();
        for argument in arguments {
            match argument {
                Argument::Number(number) => numbers.push(*number),
                Argument::Text(text) => {
                    let (pointer, length) = self.text(text);
                    numbers.extend([i128::from(pointer), i128::from(length)]);
                }
            }
        }
        let types: Vec<&str> = types.split_whitespace().collect();
        assert_eq!(types.len(), numbers.len(), "{name} has the parameters {types:?}");
        let written = types.iter().zip(numbers).map(|(kind, number)| format!(" ({kind}.const {number})"));
        format!("(call ${name}{})", written.collect::<String>())
    }

    fn step(&mut self, what: String, value: &str, expected: u64) {
        let at = RESULTS + 8 * self.steps.len();
        writeln!(self.body, "(i64.store (i32.const {at}) {value})").unwrap();
        self.steps.push(Step { what, expected });
    }

    fn module(&self) -> Module {
        let length = 8 * self.steps.len();
        let tell = format!(
            "(call $iovec (i32.const {RESULTS}) (i32.const {length}))
             (drop (call $fd_write (i32.const 2) (i32.const 0) (i32.const 1) (i32.const 8)))"
        );
        let guest = text(&self.items, &format!("{}\n{tell}", self.body));
        Module::from_bytes("guest.wasm", guest.as_bytes()).expect("the case's guest compiles")
    }
}

/// The directories a guest is given, and what is in the first.
pub struct Sandbox {
    pub first: TempDir,
    pub second: TempDir,
}

impl Sandbox {
    fn new() -> Sandbox {
        let sandbox = Sandbox { first: TempDir::new().unwrap(), second: TempDir::new().unwrap() };
        fs::write(sandbox.path("a.txt"), "hello").unwrap();
        fs::create_dir(sandbox.path("sub")).unwrap();
        fs::write(sandbox.path("sub/b.txt"), "there").unwrap();
        for (link, target) in
            [("link", "a.txt"), ("loop", "loop"), ("out", "/etc"), ("up", ".."), ("sub/back", "../a.txt")]
        {
            symlink(target, sandbox.path(link)).unwrap();
        }
        sandbox
    }

    /// A path below the first directory.
    pub fn path(&self, path: &str) -> PathBuf {
        self.first.path().join(path)
    }

    fn run(&self, module: &Module) -> (Outcome, Vec<u8>) {
        let told = Arc::new(Mutex::new(Vec::new()));
        let grants = Grants { udp: vec!["127.0.0.1".parse().unwrap()], ..Grants::default() };
        let runner = Runner::new(module)
            .and_then(|runner| runner.listen(None, (Ipv4Addr::LOCALHOST, 0).into()))
            .and_then(|runner| runner.dir(self.first.path(), "/first")?.dir(self.second.path(), "/second"))
            .unwrap()
            .arg("--flag")
            .env("A", "b")
            .grants(grants)
            .stdin(&b"stdin"[..])
            .stderr(Told(Arc::clone(&told)));
        let mut client = TcpStream::connect(runner.listeners()[0].address).unwrap();
        client.write_all(b"hello").unwrap();
        let outcome = runner.run().unwrap();
        let told = std::mem::take(&mut *told.lock().unwrap());
        (outcome, told)
    }
}

struct Told(Arc<Mutex<Vec<u8>>>);

impl Write for Told {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Runs a case: everything it expects is so. What it left behind can be looked at then.
#[track_caller]
pub fn holds(case: fn(&mut Calls)) -> Sandbox {
    let mut calls = Calls::default();
    case(&mut calls);
    let sandbox = Sandbox::new();
    let (outcome, told) = sandbox.run(&calls.module());
    assert_eq!(outcome, Outcome::Exited(0));
    assert_eq!(told.len(), 8 * calls.steps.len(), "the guest tells of every step");
    let mut wrong = String::new();
    for (bytes, Step { what, expected }) in told.chunks_exact(8).zip(&calls.steps) {
        let got = u64::from_le_bytes(bytes.try_into().expect("eight of them"));
        if got != *expected {
            let name = |number| u16::try_from(number).ok().and_then(Errno::from_raw).map_or("", Errno::name);
            writeln!(wrong, "{what} is {got} {}, not {expected} {}", name(got), name(*expected)).unwrap();
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
    sandbox
}

/// How a guest ends that makes this call, once it has accepted its client at [`NEW`] and opened a file behind that.
pub fn end_of(name: &'static str, arguments: &[Argument]) -> Outcome {
    let mut calls = Calls::default();
    crate::calls! { calls; sock_accept(LISTENER, 0, TOLD) => Success; }
    calls.opens("a.txt", NEW + 1);
    calls.ends(name, arguments);
    Sandbox::new().run(&calls.module()).0
}

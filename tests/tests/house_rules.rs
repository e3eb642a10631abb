//! The house rules a machine can check: what the project's files must not contain, and what they must.
//! What programs do is checked by cases, not here.
#![cfg(not(target_family = "wasm"))]

// Beside this file it would be a test of its own.
#[path = "house_rules/tree.rs"]
mod tree;

use tree::{Offence, Tree, names_any, words};

/// Files longer than [`LINES_AT_MOST`], each with the reason that it isn't split.
const LONG_FILES: &[(&str, &str)] = &[];
const LINES_AT_MOST: usize = 400;

/// The poller's one file of raw preview1 calls.
const RAW_CALLS: &str = "src/wasip1/sys.rs";

/// Checks `rule` on the project. First on a file that breaks it, as a rule that can't fail checks nothing.
#[track_caller]
fn holds(remedy: &str, broken: (&str, &str), rule: impl Fn(&Tree) -> Vec<Offence>) {
    let mut example = Tree::of_the_project();
    example.0.insert(broken.0.to_owned(), broken.1.to_owned());
    assert!(
        rule(&example).iter().any(|(path, ..)| path == broken.0),
        "the rule finds nothing wrong with {broken:?}"
    );

    let offences = rule(&Tree::of_the_project());
    let list: Vec<String> =
        offences.iter().map(|(path, line, text)| format!("{path}:{line}: {text}")).collect();
    assert!(list.is_empty(), "{remedy}\n  {}", list.join("\n  "));
}

#[test]
fn the_poller_chooses_its_platform_in_lib_rs_alone() {
    let platform =
        ["target_os", "target_env", "target_arch", "target_family", "target_vendor", "unix", "windows"];
    holds(
        "cfg of a target stands in src/lib.rs and the manifest alone: choose the module there",
        ("src/wasip1/x.rs", "#[cfg(target_os = \"wasi\")]"),
        |tree| {
            let is_platform = |code: &str| code.contains("cfg") && names_any(code, &platform);
            let continues = |code: &str| names_any(code, &platform[..5]);
            tree.code(&["src/"], |path| path == "src/lib.rs", |code| is_platform(code) || continues(code))
        },
    );
}

#[test]
fn preview1_knows_no_engine_no_system_and_no_clock() {
    let forbidden =
        ["wasmtime", "mio", "TcpStream", "TcpListener", "UdpSocket", "thread", "Instant", "SystemTime"];
    holds(
        "preview1 also runs in a page and on a virtual clock: take it from `trait Network`",
        ("preview1/src/x.rs", "let now = std::time::Instant::now();"),
        |tree| tree.code(&["preview1/"], |_| false, |code| names_any(code, &forbidden)),
    );
}

#[test]
fn only_the_hosts_engine_and_memory_name_wasmtime() {
    let is_engine = |path: &str| ["engine", "memory"].iter().any(|noun| path[9..].starts_with(noun));
    holds(
        "wasmtime is named in host/src/engine* and host/src/memory* alone: go through them",
        ("host/src/x.rs", "use wasmtime_wasi::p1;"),
        |tree| tree.code(&["host/src/"], is_engine, |code| words(code).any(|w| w.starts_with("wasmtime"))),
    );
}

#[test]
fn byte_layout_and_readiness_share_no_file() {
    let layout = ["from_le_bytes", "to_le_bytes", "from_ne_bytes", "to_ne_bytes"];
    let is_record = |path: &str| path.rsplit('/').any(|part| part.starts_with("record"));
    holds(
        "records are encoded and decoded in record*.rs alone, and no file with byte order names Readiness",
        ("preview1/src/readiness.rs", "u32::from_le_bytes(bytes)"),
        |tree| {
            let mut offences =
                tree.code(&["src/", "preview1/src/"], is_record, |code| names_any(code, &layout));
            // The host's engine may write a number into guest memory; it may not decide readiness there.
            let has_no_layout = |path: &str| !names_any(&tree.0[path], &layout);
            offences.extend(tree.code(&["src/", "preview1/src/", "host/src/"], has_no_layout, |code| {
                names_any(code, &["Readiness"])
            }));
            offences
        },
    );
}

#[test]
fn unsafe_code_stands_in_the_raw_calls_alone() {
    holds(
        "unsafe is for the raw preview1 calls (and from_raw_fd): put the call there, behind a safe function",
        ("src/wasip1/x.rs", "let fd = unsafe { open() };"),
        |tree| {
            let is_unsafe = |code: &str| names_any(code, &["unsafe"]) && !names_any(code, &["from_raw_fd"]);
            tree.code(&[""], |path| path == RAW_CALLS || path.starts_with("setup/"), is_unsafe)
        },
    );
}

#[test]
fn preview1_and_the_host_forbid_unsafe_code() {
    holds(
        "write #![forbid(unsafe_code)] at the top of the crate",
        ("host/src/bin/x.rs", "//! A crate of its own.\nfn main() {}"),
        |tree| {
            let is_root = |path: &str| {
                ["/lib.rs", "/main.rs"].iter().any(|end| path.ends_with(end)) || path.contains("/src/bin/")
            };
            tree.files(&["preview1/src/", "host/src/"], ".rs")
                .filter(|(path, text)| is_root(path) && !text.contains("\n#![forbid(unsafe_code)]"))
                .map(|(path, _)| (path.clone(), 1, "the crate forbids no unsafe code".to_owned()))
                .collect()
        },
    );
}

#[test]
fn every_file_opens_by_saying_what_belongs_in_it() {
    holds("let the first line be `//! …`", ("src/x.rs", "use std::io;"), |tree| {
        tree.files(&[""], ".rs")
            .filter(|(_, text)| !text.starts_with("//! "))
            .map(|(path, text)| (path.clone(), 1, text.lines().next().unwrap_or_default().to_owned()))
            .collect()
    });
}

#[test]
fn no_file_is_longer_than_its_noun_needs() {
    holds(
        "split it by its nouns, or give the reason in LONG_FILES",
        ("src/x.rs", &"\n".repeat(LINES_AT_MOST + 1)),
        |tree| {
            tree.files(&[""], ".rs")
                .filter(|(path, _)| !LONG_FILES.iter().any(|(long, _)| long == path))
                .map(|(path, text)| (path.clone(), text.lines().count(), "the last line".to_owned()))
                .filter(|(_, lines, _)| *lines > LINES_AT_MOST)
                .collect()
        },
    );
}

#[test]
fn portability_names_cases_that_exist() {
    holds(
        "in the columns headed `case` or `test`, PORTABILITY.md names functions that exist",
        ("PORTABILITY.md", "| what | case |\n|---|---|\n| UDP | `a_case_that_nobody_wrote` |"),
        |tree| {
            let Some(page) = tree.0.get("PORTABILITY.md") else {
                return vec![("PORTABILITY.md".to_owned(), 1, "the page is missing".to_owned())];
            };
            let functions: Vec<&str> = tree
                .files(&[""], ".rs")
                .flat_map(|(_, text)| text.split("fn ").skip(1))
                .filter_map(|rest| words(rest).next())
                .collect();
            let mut offences = Vec::new();
            let mut columns: Vec<usize> = Vec::new();
            let mut names = 0;
            for (index, row) in page.lines().enumerate() {
                let cells: Vec<&str> = row.split('|').collect();
                if !row.starts_with('|') {
                    columns.clear();
                } else if columns.is_empty() {
                    let is_case =
                        |cell: &str| words(cell).any(|w| w.starts_with("case") || w.starts_with("test"));
                    columns = (0..cells.len()).filter(|&at| is_case(&cells[at].to_lowercase())).collect();
                }
                let cases = columns.iter().filter_map(|&at| cells.get(at));
                for name in cases.flat_map(|cell| cell.split('`').skip(1).step_by(2)) {
                    names += 1;
                    let function = name.rsplit("::").next().unwrap_or(name);
                    if !functions.contains(&function) {
                        offences.push(("PORTABILITY.md".to_owned(), index + 1, name.to_owned()));
                    }
                }
            }
            if names == 0 {
                offences.push(("PORTABILITY.md".to_owned(), 1, "no row names a case".to_owned()));
            }
            offences
        },
    );
}

#[test]
fn names_say_what_a_thing_is() {
    const EMPTY: [&str; 6] = ["manager", "handler", "helper", "util", "utils", "common"];
    let is_empty = |name: &str| {
        let lower = name.to_lowercase();
        EMPTY[..3].iter().any(|word| lower.contains(word))
            || EMPTY[3..].iter().any(|word| lower.split('_').any(|part| part == *word))
            || ["Util", "Common"].iter().any(|word| name.contains(word))
    };
    holds(
        "name it after what it is or does; managers, handlers, helpers, utils and commons say nothing",
        ("src/x.rs", "//! x\nstruct SocketManager;"),
        |tree| {
            let kinds = ["struct", "enum", "trait", "type", "mod"];
            let declares = |code: &str| {
                let names: Vec<&str> = words(code).filter(|word| !word.is_empty()).collect();
                names.windows(2).any(|pair| kinds.contains(&pair[0]) && is_empty(pair[1]))
            };
            let mut offences = tree.code(&[""], |_| false, declares);
            let paths = tree.0.keys().filter(|path| words(path).any(is_empty));
            offences.extend(paths.map(|path| (path.clone(), 1, "the path's name".to_owned())));
            offences
        },
    );
}

#[test]
fn no_text_names_a_machine_or_a_registry() {
    let folders = ["work", "root", "home", "Users"].map(|name| format!("/{name}"));
    let hosts = [
        "index.crates.",
        "static.crates.",
        "pypi.",
        "files.python",
        "registry.npm",
        "deb.debian.",
        "static.rust",
    ];
    let is_folder = |line: &str, folder: &str| {
        line.match_indices(folder).any(|(at, _)| {
            let before = line[..at].chars().next_back().unwrap_or(' ');
            let after = line[at + folder.len()..].chars().next().unwrap_or(' ');
            let is_name =
                |c: char| c.is_alphanumeric() || matches!(c, '.' | '_' | '-' | '$' | '}' | ')' | '*');
            !is_name(before) && (after == '/' || !is_name(after))
        })
    };
    holds(
        "this is true on one machine only: take it from a variable, or from the repository's root",
        ("setup/x", "cd /root/project"),
        |tree| {
            let mut offences = Vec::new();
            for (path, text) in tree.0.iter().filter(|(path, _)| *path != "tests/tests/house_rules.rs") {
                for (index, line) in text.lines().enumerate() {
                    let folder = folders.iter().any(|folder| is_folder(line, folder));
                    if folder || hosts.iter().any(|host| line.contains(host)) {
                        offences.push((path.clone(), index + 1, line.trim().to_owned()));
                    }
                }
            }
            offences
        },
    );
}

#[test]
fn guest_examples_build_unchanged_for_every_world() {
    holds(
        "an example is the same program in every world: let the poller tell the worlds apart",
        ("guest-examples/src/bin/x.rs", "#[cfg(unix)]"),
        |tree| tree.code(&["guest-examples/"], |_| false, |code| names_any(code, &["cfg", "cfg_attr"])),
    );
}

#[test]
fn folders_are_at_most_four_deep() {
    holds("move it up", ("a/b/c/d/e/x.rs", "//! x"), |tree| {
        let deep = tree.0.keys().filter(|path| path.matches('/').count() > 4);
        deep.map(|path| (path.clone(), 1, "more than four folders deep".to_owned())).collect()
    });
}

#[test]
fn every_package_states_the_rust_it_needs() {
    holds(
        "write `rust-version.workspace = true` into the manifest",
        ("x/Cargo.toml", "[package]\nname = \"x\""),
        |tree| {
            tree.files(&[""], "Cargo.toml")
                .filter(|(_, text)| text.contains("[package]") && !text.contains("\nrust-version"))
                .map(|(path, _)| (path.clone(), 1, "no rust-version".to_owned()))
                .collect()
        },
    );
}

#[test]
fn dependencies_only_point_down() {
    // Each room's manifest, and the packages above or beside it that it must not know.
    let above: [(&str, &[&str]); 5] = [
        ("Cargo.toml", &["wasi-poll-preview1", "wasi-poll-host", "guest-examples", "conformance"]),
        ("preview1/Cargo.toml", &["wasi-poll", "wasi-poll-host", "mio", "wasmtime", "wasmtime-wasi"]),
        (
            "trace/Cargo.toml",
            &["wasi-poll", "wasi-poll-preview1", "wasi-poll-host", "guest-examples", "conformance"],
        ),
        ("host/Cargo.toml", &["wasi-poll", "guest-examples", "conformance"]),
        ("guest-examples/Cargo.toml", &["wasi-poll-preview1", "wasi-poll-host", "conformance"]),
    ];
    holds(
        "the poller and the host know nothing of each other, and nothing knows what stands above it",
        ("host/Cargo.toml", "[dependencies]\nwasi-poll.workspace = true"),
        |tree| {
            let mut offences = Vec::new();
            for (path, packages) in above {
                let mut section = "";
                for (index, line) in tree.0[path].lines().enumerate() {
                    section = if line.starts_with('[') { line } else { section };
                    let name = line.split(['.', ' ', '=']).next().unwrap_or_default();
                    let is_dependency = section.contains("dependencies") && !section.contains("workspace");
                    if is_dependency && packages.contains(&name) {
                        offences.push((path.to_owned(), index + 1, line.to_owned()));
                    }
                }
            }
            offences
        },
    );
}

#[test]
fn recipes_hold_no_logic() {
    holds("move it into setup/", ("justfile", "x:\n    one\n    two\n    three\n"), |tree| {
        let mut offences = Vec::new();
        let mut lines = 0;
        for (index, line) in tree.0["justfile"].lines().enumerate() {
            lines = if line.starts_with(' ') { lines + 1 } else { 0 };
            if lines > 2 {
                offences.push(("justfile".to_owned(), index + 1, line.trim().to_owned()));
            }
        }
        offences
    });
}

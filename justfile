# Without `just` on your machine, call ./just: it installs one for this project.

# Every recipe, with what it does
[private]
default:
    @{{just_executable()}} --justfile {{justfile()}} --list --unsorted

# The same server natively and as a guest, side by side; `just run echo [ADDRESS]` runs one example as a guest
[no-exit-message]
run *EXAMPLE:
    @setup/run-example {{EXAMPLE}}

# A scenario on the deterministic network; `just play counter --seeds 0..1000`
[no-exit-message]
play *SCENARIO:
    @setup/play {{SCENARIO}}

# Everything that has to hold: all recipes below
[no-exit-message]
test:
    @setup/check fmt deny lint-native lint-wasm docs test-native test-wasip1 test-wasip2 test-node test-browser run test-setup fuzz bench-quick same-traces

# This project and its peers, measured in one run: `just bench --quick`, `just bench --work a,b-9000 --contender native,poller`
[no-exit-message]
bench *ARGS:
    @setup/bench {{ARGS}}

# A quick look at the same, which fails only where something crashes or says nothing
bench-quick:
    @setup/bench --quick

# A play makes the same trace, byte by byte, on a debug and a release host
[no-exit-message]
same-traces:
    @setup/same-traces

# Code is formatted as rustfmt wants it
fmt:
    cargo fmt --all --check
    setup/fmt-others

# What the project depends on: licences, sources and bans; `just deny advisories` where their database can be had
[no-exit-message]
deny *CHECK:
    @setup/deny {{CHECK}}

# Clippy without a warning, in every world
lint: lint-native lint-wasm

# Clippy on this machine's own target
lint-native:
    cargo clippy --workspace --all-targets -- -D warnings
    cargo clippy --manifest-path fuzz/Cargo.toml --target-dir "${CARGO_TARGET_DIR:-target}" --features host --all-targets -- -D warnings

# Clippy on both wasm targets
lint-wasm:
    setup/wasm-cargo clippy --target wasm32-wasip1 -p wasi-poll -p guest-examples -p conformance --all-targets -- -D warnings
    setup/wasm-cargo clippy --target wasm32-unknown-unknown -p wasi-poll-preview1 --all-targets -- -D warnings

# The documentation of every world, without a broken link
docs:
    RUSTDOCFLAGS="-D warnings" cargo doc --workspace --lib --no-deps
    RUSTDOCFLAGS="-D warnings" setup/wasm-cargo doc --target wasm32-wasip1 -p wasi-poll --no-deps

# Every package's tests on this machine, the conformance cases and the house rules included
[no-exit-message]
test-native:
    @setup/test-tools
    WASI_POLL_WASM_RUSTC="$(setup/wasm-std)" WASI_POLL_CLANG="$(setup/c-guest || true)" cargo test --workspace --no-fail-fast

# The poller's tests as wasm32-wasip1 guests of the host
[no-exit-message]
test-wasip1:
    setup/wasm-cargo test --target wasm32-wasip1 -p wasi-poll -p guest-examples -p conformance --no-fail-fast

# Components: the guest examples build for wasm32-wasip2, and the host runs what rustc makes of it
[no-exit-message]
test-wasip2:
    setup/wasip2-tests --no-fail-fast

# preview1's tests on wasm32-unknown-unknown, in Node
[no-exit-message]
test-node:
    setup/preview1-tests node --no-fail-fast

# preview1's tests on wasm32-unknown-unknown, in headless Chromium
[no-exit-message]
test-browser:
    setup/preview1-tests browser --no-fail-fast

# Two hundred thousand connections to a guest, some minutes: `just soak --connections N --seed N`
[no-exit-message]
soak *FLAGS:
    @WASI_POLL_WASM_RUSTC="$(setup/wasm-std)" cargo run --quiet --release -p conformance --bin soak -- {{FLAGS}}

# The fuzzers from their kept corpus, 10 seconds each, 60 in CI: `just fuzz [TARGET [SECONDS]]`
[no-exit-message]
fuzz *TARGET:
    @setup/fuzz {{TARGET}}

# The Debian way to a standard library for wasm: test-node and run once more, with it
[no-exit-message]
test-setup:
    WASI_POLL_WASM_STD=debian {{just_executable()}} test-node
    WASI_POLL_WASM_STD=debian {{just_executable()}} run

# shellcheck shell=sh disable=SC2034 # what is set here is used where it is sourced
# Sourced by the scripts beside it: where tools are kept, and how to speak to whoever waits.
# It installs nothing into the machine itself except Debian packages, and those only as root.

# Everything the project installs for itself; safe to delete, the next run makes it again. Not the
# folder of the host's compiled modules: wasmtime cleans that of all it did not put there.
tools="${XDG_CACHE_HOME:-$HOME/.cache}/wasi-poll-tools"

# What a step exits with when the machine can't run it: setup/check counts it as skipped.
skipped=77

say() { echo "wasi-poll: $*" >&2; }

# What setup/check repeats at the end.
note() { say "noted: $*"; }

die() {
    say "$*"
    exit 1
}

skip() {
    say "skipped: $*"
    exit $skipped
}

# debian_packages PACKAGE…: installs them if this is a Debian machine and we may; else fails.
debian_packages() {
    command -v apt-get >/dev/null 2>&1 && [ "$(id -u)" = 0 ] || return 1
    say "installing Debian packages: $* (about a minute)"
    for attempt in list-as-it-is list-renewed; do
        [ "$attempt" = list-as-it-is ] || apt-get update -qq >&2 || return 1
        if DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" \
            </dev/null >"$(mkdir -p "$tools" && echo "$tools/apt.log")" 2>&1; then
            return 0
        fi
    done
    say "apt-get install $* failed; its output is in $tools/apt.log"
    return 1
}

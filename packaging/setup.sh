#!/usr/bin/env bash
# All set-up for a fresh Debian 12 or Ubuntu 22.04+ with Python 3.11 to 3.13 and make. Called by the Makefile.
# It can be interrupted at any time: what is finished is not done again, and a half-made environment is mended.
# `setup.sh package` installs what `make package` needs as well.
set -euo pipefail
cd "$(dirname "$0")/.."

STATE=.setup
VENV=.venv
WITH=${1:-}
EXTRAS=torch,dev${WITH:+,$WITH}
DONE=$STATE/done${WITH:+-$WITH}
mkdir -p "$STATE"
want=$(cat pyproject.toml constraints.txt packaging/setup.sh packaging/debian-*.txt | sha256sum | cut -d' ' -f1)-${PIP_ARGS:-}
if [ -x "$VENV/bin/overread" ] && [ "$(cat "$DONE" 2>/dev/null || true)" = "$want" ]; then
    exit 0
fi

say() { printf '%s\n' "$*" >&2; }
as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi; }
may_install() { [ "$(id -u)" = 0 ] || sudo -n true 2>/dev/null; }

find_python() {
    local name
    for name in python3.13 python3.12 python3.11 python3; do
        if command -v "$name" >/dev/null 2>&1 &&
            "$name" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null; then
            command -v "$name"
            return 0
        fi
    done
    return 1
}

PYTHON=$(find_python) || {
    say "Overread needs Python 3.11, 3.12 or 3.13, and none was found. On Debian 12: apt-get install python3 python3-venv"
    exit 2
}

# What the program, the tests and (when asked for) the build need. "a|b" means the first that the system knows.
LISTS="packaging/debian-runs.txt packaging/debian-tests.txt"
[ "$WITH" != package ] || LISTS="$LISTS packaging/debian-build.txt"
# shellcheck disable=SC2086
PACKAGES=$(cat $LISTS | grep -v '^#')

installed() { dpkg-query -W -f='${Status}' "$1" 2>/dev/null | grep -q 'install ok installed'; }

missing_packages() {
    local entry name found
    for entry in $PACKAGES; do
        found=
        for name in ${entry//|/ }; do
            if installed "$name"; then found=yes; break; fi
        done
        [ -n "$found" ] || printf '%s ' "$entry"
    done
    "$PYTHON" -c 'import ensurepip, venv' 2>/dev/null ||
        printf 'python%s-venv|python3-venv ' "$("$PYTHON" -c 'import sys; print("%d.%d" % sys.version_info[:2])')"
    # Debian's own Python has its library in a package apart; PyInstaller takes it along.
    if [ "$WITH" = package ] && [ "$("$PYTHON" -c 'import sys; print(sys.base_prefix)')" = /usr ]; then
        name=$("$PYTHON" -c 'import sys; print("libpython%d.%d" % sys.version_info[:2])')
        installed "$name" || installed "${name}t64" || printf '%s|%st64 ' "$name" "$name"
    fi
}

choose() { # the first name of a|b that apt knows
    local name
    for name in ${1//|/ }; do
        if apt-cache show "$name" >/dev/null 2>&1; then printf '%s ' "$name"; return; fi
    done
    printf '%s ' "${1%%|*}"
}

system_packages() {
    command -v dpkg-query >/dev/null 2>&1 || { say "No dpkg here: install what docs/dependencies.md lists yourself."; return; }
    local missing names="" entry
    missing=$(missing_packages)
    [ -n "$missing" ] || return 0
    if may_install; then as_root apt-get update -qq; fi
    for entry in $missing; do names+=$(choose "$entry"); done
    if ! may_install; then
        say "These system packages are missing. Run this line once, then the same command again:"
        say "  sudo apt-get install --no-install-recommends $names"
        exit 2
    fi
    say "Installing system packages: $names"
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $names >"$STATE/apt.log" 2>&1 || {
        say "apt-get failed; its last lines:"
        tail -n 5 "$STATE/apt.log" >&2
        exit 2
    }
}

say "Setting up Overread in $PWD/$VENV (Python: $PYTHON)."
say "About 1 GB is downloaded and 3 GB are used on disk with a processor-only torch (a CUDA torch: 3 GB and 8 GB)."
say "That takes 3 to 15 minutes, once. It can be interrupted; the same command goes on."
system_packages
if [ ! -x "$VENV/bin/python" ] || ! "$VENV/bin/python" -m pip --version >/dev/null 2>&1; then
    say "Making the virtual environment."
    "$PYTHON" -m venv --clear "$VENV"
fi
say "Installing the pinned packages (torch as pip is configured here)."
bar=off
[ -t 2 ] && bar=on
# shellcheck disable=SC2086
"$VENV/bin/python" -m pip install --disable-pip-version-check --progress-bar "$bar" -c constraints.txt \
    -e ".[$EXTRAS]" ${PIP_ARGS:-} >"$STATE/pip.log" 2>&1 &
pip=$!
trap 'kill $pip 2>/dev/null || true; exit 130' INT TERM
while kill -0 "$pip" 2>/dev/null; do
    sleep 2
    line=$(grep -E '^(Collecting|Downloading|Installing|Building)' "$STATE/pip.log" | tail -n 1 | cut -c1-100 || true)
    if [ -n "$line" ] && [ "$line" != "${shown:-}" ]; then
        shown=$line
        say "  $line"
    fi
done
wait "$pip" || {
    say "pip failed; its last lines:"
    tail -n 8 "$STATE/pip.log" >&2
    exit 2
}
printf '%s' "$want" >"$DONE"
say "Set up."

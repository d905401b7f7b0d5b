#!/usr/bin/env bash
# Installs all that Spot needs on Debian 12 or Ubuntu 22.04 and later, into this folder's .venv.
set -euo pipefail

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"
# shellcheck source-path=SCRIPTDIR source=packages.sh
. "$ROOT/setup/packages.sh"

usage() {
    cat <<'TEXT'
Usage: setup/install.sh [--test] [-h]

Installs what is missing: system packages (through apt, with sudo where you are not root), the
virtual environment .venv, the jars of the services, and the web pages. What is there is kept.

  --test  install what the tests need too (chromium, git, libatomic1)
  -h      this help

Exit status: 0 done, 1 a step failed (its log is named), 2 system packages are missing and cannot
be installed by you (they are named).

Examples:
  ./setup/install.sh
  ./setup/install.sh --test
TEXT
}

PURPOSE=
while [ $# -gt 0 ]; do
    case $1 in
        --test) PURPOSE='test' ;;
        -h | --help) usage; exit 0 ;;
        *) usage >&2; fail 2 "unknown option $1" ;;
    esac
    shift
done

system_packages() {
    find_missing "$PURPOSE"
    [ ${#PYTHON_PACKAGES[@]} -gt 0 ] || [ ${#OTHER_PACKAGES[@]} -gt 0 ] || return 0
    if ! may_install; then
        fail 2 "these packages are missing: ${PYTHON_PACKAGES[*]} ${OTHER_PACKAGES[*]}" \
            "as root: apt-get install ${PYTHON_PACKAGES[*]} ${OTHER_PACKAGES[*]}"
    fi
    on_failure "check the network and the package sources (apt-get update)"
    step "package lists" apt_get update
    # Versions are known only now: the choice of packages may be another.
    find_missing "$PURPOSE"
    if [ ${#PYTHON_PACKAGES[@]} -gt 0 ]; then
        step "system packages: ${PYTHON_PACKAGES[*]}" apt_install "${PYTHON_PACKAGES[@]}"
    fi
    if [ ${#OTHER_PACKAGES[@]} -gt 0 ]; then
        # The Python packages do not need these, so both are fetched at the same time.
        begin system "system packages: ${OTHER_PACKAGES[*]}" apt_install "${OTHER_PACKAGES[@]}"
    fi
}

# A stamp says for which lock file and Python the environment was made.
environment_stamp() {
    cat "$ROOT/requirements.lock" "$ROOT/setup/bootstrap.lock" | sha256sum
    "$VENV/bin/python" -c 'import sys; print(sys.version, sys.prefix)'
}

make_environment() {
    local python stamp=$VENV/share/spot/environment
    if [ -x "$VENV/bin/python" ] && [ -f "$stamp" ] &&
        [ "$(environment_stamp)" = "$(cat "$stamp")" ]; then
        return 0
    fi
    python=$(find_python)
    [ -n "$python" ] || { echo "no Python 3.11 or later with venv"; return 1; }
    # One that was copied from elsewhere, or whose Python is gone or too old, is made anew.
    if ! grep -qF "$VENV" "$VENV/bin/activate" ||
        ! "$VENV/bin/python" -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
        "$python" -m venv --clear "$VENV" || return
    fi
    "$VENV/bin/python" -m pip install --quiet --disable-pip-version-check \
        --require-hashes -r "$ROOT/setup/bootstrap.lock" || return
    "$VENV/bin/uv" pip sync --python "$VENV/bin/python" --require-hashes "$ROOT/requirements.lock" ||
        return
    mkdir -p -- "$VENV/share/spot"
    environment_stamp >"$stamp"
}

# The checkout itself is used in place: on the path of the environment, with the command spot.
link_checkout() {
    local site
    site=$("$VENV/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))') || return
    printf '%s\n' "$ROOT" >"$site/spot-checkout.pth"
    cat >"$VENV/bin/spot.new" <<'TEXT' || return
#!/bin/sh
exec "$(dirname -- "$(readlink -f -- "$0")")/python" -P -m spot_ops "$@"
TEXT
    chmod 755 "$VENV/bin/spot.new" && mv -f "$VENV/bin/spot.new" "$VENV/bin/spot"
}

fetch_jars() { "$VENV/bin/python" -P -m spot_ops.jars; }
archive_classes() {
    local archive=$VENV/share/spot/spark-classes.jsa
    [ "$archive" -nt "$VENV/share/spot/environment" ] || "$VENV/bin/python" -P -m spot_ml.classes
}
build_pages() { "$VENV/bin/python" -P -m spot_ui.build; }

cd "$ROOT"
system_packages
on_failure "check the connection to the package registry and run the command again"
step "Python packages" make_environment
step "command spot" link_checkout
begin pages "web pages" build_pages
[ -z "${STEP_PID[system]:-}" ] || finish system
on_failure "check the connection to the package registry and run the command again"
begin jars "jars of the services" fetch_jars
finish jars
finish pages
on_failure "see the log, and run the command again"
step "classes of Spark" archive_classes

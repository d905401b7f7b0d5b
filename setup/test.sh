#!/usr/bin/env bash
# The whole test suite, or its fast part, on the installation of this folder.
set -euo pipefail

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"

usage() {
    cat <<'TEXT'
Usage: setup/test.sh [fast] [PYTEST ARGUMENTS...]

Installs what is missing and runs the tests. They start and stop services of their own, on other
ports and in another folder, so that they can run beside a demo. "fast" leaves out all tests that
need services or a browser.

Examples:
  ./setup/test.sh
  ./setup/test.sh fast
  ./setup/test.sh fast -k config -x
TEXT
}

# One process keeps to the tests that wait for services, the other runs the rest beside it.
choice=(--numprocesses 2)
purpose=(--test)
case ${1:-} in
    fast) choice+=(-m "not service and not browser") purpose=(); shift ;;
    -h | --help) usage; exit 0 ;;
esac

cd "$ROOT"
"$ROOT/setup/install.sh" ${purpose[@]+"${purpose[@]}"}
exec "$VENV/bin/python" -P -m pytest "${choice[@]}" "$@"

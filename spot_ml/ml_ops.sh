#!/bin/sh
# Score one day of one source: ml_ops.sh YYYYMMDD SOURCE [TOL] [MAX_RESULTS]
root=$(cd "$(dirname "$0")/.." && pwd) || exit 1
spot="$root/.venv/bin/spot"
[ -x "$spot" ] || spot=spot
exec "$spot" ml ops "$@"

#!/bin/sh
# Score any folder of Parquet rows, the 20 lowest scores: ml_test.sh SOURCE INPUT_PATH
root=$(cd "$(dirname "$0")/.." && pwd) || exit 1
spot="$root/.venv/bin/spot"
[ -x "$spot" ] || spot=spot
exec "$spot" ml test "$@"

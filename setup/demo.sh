#!/usr/bin/env bash
# From a bare machine to three pages of ranked events: installs, starts, feeds the sample, scores.
set -euo pipefail

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"

usage() {
    cat <<'TEXT'
Usage: setup/demo.sh [--real] [-h]

Installs what is missing, starts the services, makes a day of traffic of a small network, feeds it
to every source, scores and analyses it, and prints one address per source. Run again, it takes
what is there. With --real it takes what real sensors recorded (samples/) instead.

STATE_DIR and the ports are settings (conf/spot.conf); the environment may set them as SPOT_<KEY>.

Examples:
  ./setup/demo.sh
  ./setup/demo.sh --real
  SPOT_STATE_DIR=/srv/spot SPOT_UI_PORT=9999 ./setup/demo.sh
TEXT
}

which=()
case ${1:-} in
    '') ;;
    --real) which=(--real) ;;
    -h | --help) usage; exit 0 ;;
    *) usage >&2; fail 2 "unknown argument $1" ;;
esac

cd "$ROOT"
"$ROOT/setup/install.sh"
spot=$VENV/bin/spot

on_failure "the findings above say what to do; then run the command again"
step "is this machine able to run it" "$spot" doctor
on_failure "spot status shows which service is missing, spot logs SERVICE why"
step "services" "$spot" up
step "folders and tables" "$spot" setup hdfs

sources=$("$VENV/bin/python" -P -c 'from spot_common.registry import sources; print(*sources())')
if [ ${#which[@]} -eq 0 ]; then
    step "sample day" "$spot" gen sample
    folder=$("$spot" gen sample)
    # All workers begin now; each source is waited for, scored and analysed in its turn.
    for source in $sources; do
        step "feed $source" "$spot" feed --source "$source" "$folder/data/$source"/*
    done
fi
addresses=()
for source in $sources; do
    on_failure "spot ledger tells what became of each file, spot status how the services are"
    step "sample $source" "$ROOT/start.$source.sh" "${which[@]}"
    addresses+=("$(grep -Eo 'https?://[^[:space:]]+' "$STEP_LOGS/sample-$source.log" | tail -n 1)")
done

say
say "Open one of these; Ctrl-click in most terminals (stop everything with: .venv/bin/spot down)"
printf '%s\n' "${addresses[@]}"

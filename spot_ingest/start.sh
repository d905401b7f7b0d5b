#!/bin/sh
# The whole way of one source: start.sh SOURCE [--real | [DATE] [FILES...]]
#
# Feeds the files, waits on the ledger until their rows are in the table, scores and analyses the
# day, prints the page's address. Without arguments: the sample day, which is made when it is first
# needed. With --real: what real sensors recorded, in samples/SOURCE/. With a DATE alone: that day,
# as it is in the table. With FILES alone: the day that they have most rows of.
# Exit status: 0 done; 2 a wrong argument; 3 a file was set aside or the day has no rows; 4 a
# service does not answer.
set -u

root=$(cd "$(dirname "$0")/.." && pwd) || exit 1
spot="$root/.venv/bin/spot"
[ -x "$spot" ] || spot=spot
source=$1
shift

fail() {
    printf 'error: %s\n' "$1" >&2
    printf 'hint: %s\n' "$2" >&2
    exit 2
}

is_day() {
    case $1 in
        [0-9][0-9][0-9][0-9][0-9][0-9][0-9][0-9] | [0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]) ;;
        *) return 1 ;;
    esac
}

step() {
    printf '== %s\n' "$1" >&2
}

day=
if [ $# -eq 0 ]; then
    sample=$("$spot" gen sample) || exit $?
    day=$(basename "$sample")
    # The made-up network has its own address ranges, domain and list of popular names.
    export SPOT_CONTEXT_DIR="$sample/context" SPOT_TOP_DOMAINS="$sample/context/top-domains.csv"
    export SPOT_USER_DOMAIN=corp
    set -- "$sample/data/$source"/*
elif [ "$1" = --real ]; then
    [ $# -eq 1 ] || fail "$2 is one too many" "usage: start.$source.sh --real"
    for folder in "$root/samples/$source"/*/; do
        day=$(basename "$folder")
    done
    is_day "$day" || fail "there is no sample in samples/$source/" "name files: start.$source.sh [DATE] FILES..."
    set -- "$root/samples/$source/$day"/*
elif is_day "$1"; then
    day=$(date -u -d "$1" +%Y-%m-%d 2>/dev/null) || fail "$1 is not a day of the calendar" "write it as YYYYMMDD"
    shift
elif [ ! -e "$1" ]; then
    fail "$1 is neither a day nor a file" "usage: start.$source.sh [--real | [YYYYMMDD] [FILES...]]"
fi

status=0
if [ $# -gt 0 ]; then
    step "feeding $# file(s) to $source"
    "$spot" feed --source "$source" "$@" >/dev/null || exit $?
    written=$("$spot" wait --source "$source" --main-day "$@")
    status=$?
    # 3: some files were set aside (named above); go on with the others.
    if [ $status -ne 0 ] && { [ $status -ne 3 ] || [ -z "$written" ]; }; then
        exit $status
    fi
    day=${day:-$written}
fi

step "scoring $source of $day"
limit=$("$spot" config show OA_LIMIT | cut -d' ' -f3) || exit $?
"$spot" ml run --source "$source" --date "$day" --tol 1 --max-results "$limit" || exit $?
step "analysing $source of $day"
"$spot" oa run --source "$source" --date "$day" || exit $?
"$spot" ui url --source "$source" --date "$day" || exit $?
exit $status

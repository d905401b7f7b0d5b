# shellcheck shell=bash
# Shown progress for the scripts of this folder; sourced, not run.
#
# step TITLE COMMAND...        run a command, its output in a log, its time shown
# begin NAME TITLE COMMAND...  the same in the background
# finish NAME                  wait for it
#
# A step that fails prints the end of its log and ends the script; a status of 2 is handed on.

ROOT=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd)
# shellcheck disable=SC2034 # used by the scripts that source this
VENV=$ROOT/.venv
STEP_LOGS=${STEP_LOGS:-$ROOT/.setup-logs}
mkdir -p -- "$STEP_LOGS"

declare -A STEP_PID STEP_TITLE STEP_BEGAN STEP_HELP
STEP_NEXT_HELP=

say() { printf '%s\n' "$*" >&2; }

# fail STATUS MESSAGE HINT: end the script with an explanation.
fail() {
    say "error: $2"
    [ -z "${3:-}" ] || say "hint: $3"
    exit "$1"
}

# on_failure TEXT: what the user should do if the next step fails.
on_failure() { STEP_NEXT_HELP=$1; }

begin() {
    local name=$1 title=$2
    shift 2
    STEP_TITLE[$name]=$title
    STEP_BEGAN[$name]=$SECONDS
    STEP_HELP[$name]=${STEP_NEXT_HELP:-run the command again; what is done already is not done twice}
    STEP_NEXT_HELP=
    # Job control gives the step a process group, which end_steps can end as a whole.
    set -m
    "$@" >"$STEP_LOGS/$name.log" 2>&1 </dev/null &
    STEP_PID[$name]=$!
    set +m
}

finish() {
    local name=$1 status=0
    if [ -t 2 ]; then
        while kill -0 "${STEP_PID[$name]}" 2>/dev/null; do
            printf '\r  ..  %-52s %4d s' "${STEP_TITLE[$name]}" "$((SECONDS - STEP_BEGAN[$name]))" >&2
            sleep 0.5
        done
        printf '\r\033[K' >&2
    fi
    wait "${STEP_PID[$name]}" || status=$?
    local seconds=$((SECONDS - STEP_BEGAN[$name]))
    unset "STEP_PID[$name]"
    if [ "$status" -eq 0 ]; then
        printf '  ok  %-52s %4d s\n' "${STEP_TITLE[$name]}" "$seconds" >&2
        return 0
    fi
    printf 'FAIL  %-52s %4d s\n' "${STEP_TITLE[$name]}" "$seconds" >&2
    tail -n 12 -- "$STEP_LOGS/$name.log" | sed 's/^/      | /' >&2
    end_steps
    [ "$status" -eq 2 ] || status=1
    fail "$status" "${STEP_TITLE[$name]} failed; its log is $STEP_LOGS/$name.log" "${STEP_HELP[$name]}"
}

step() {
    local name
    name=$(printf '%s' "$1" | tr -cs 'A-Za-z0-9' '-')
    begin "$name" "$@"
    finish "$name"
}

# End what still runs in the background, when the script cannot go on.
end_steps() {
    local name
    for name in "${!STEP_PID[@]}"; do
        kill -- "-${STEP_PID[$name]}" 2>/dev/null || true
    done
}
trap 'end_steps; exit 130' INT TERM

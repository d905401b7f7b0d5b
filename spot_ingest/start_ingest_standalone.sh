#!/bin/sh
# The original's command: start_ingest_standalone.sh PIPELINE WORKERS [TIME ZONE]
#
# Runs one collector and the workers of a pipeline in the foreground until it is interrupted; on a
# machine whose services run (spot up) they are there already. Times are UTC whatever the zone.
set -u

here=$(cd "$(dirname "$0")" && pwd) || exit 1
python="$here/../.venv/bin/python"
[ -x "$python" ] || python=python3

if [ $# -lt 2 ]; then
    echo "usage: start_ingest_standalone.sh PIPELINE WORKERS [TIME ZONE]" >&2
    exit 1
fi
pipeline=$1
workers=$2
case $workers in
    '' | *[!0-9]* | 0) echo "error: $workers is not a number of workers" >&2; exit 1 ;;
esac
topic="SPOT-INGEST-$pipeline-$(date +%H_%M_%S)"

children=
trap 'kill $children 2>/dev/null; wait; exit 0' INT TERM
"$python" "$here/master_collector.py" -t "$pipeline" -w "$workers" -id "$topic" &
children=$!
number=0
while [ "$number" -lt "$workers" ]; do
    "$python" "$here/worker.py" -t "$pipeline" -i "$number" -top "$topic" &
    children="$children $!"
    number=$((number + 1))
done
echo "$topic: one collector and $workers worker(s); Ctrl-C ends them"
wait

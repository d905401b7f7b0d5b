#!/usr/bin/env bash
# Makes the HDFS folders, the database and all tables. The arguments are those of the original.
set -euo pipefail

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"

usage() {
    cat <<'TEXT'
Usage: setup/hdfs_setup.sh [--no-sudo] [-c FILE] [-d ENGINE] [-h]

Makes the HDFS folders of every source, the database and all tables. Safe to repeat.

  --no-sudo  taken for old scripts: folders are made through WebHDFS, sudo is never used.
             HADOOP_USER_NAME names the HDFS administrator (default: hdfs on a cluster, you on
             the local stack).
  -c FILE    configuration (default: SPOT_CONF, /etc/spot.conf, conf/spot.conf)
  -d ENGINE  impala, hive, beeline or spark, in place of DBENGINE
  -h         this help

Examples:
  ./setup/hdfs_setup.sh
  HADOOP_USER_NAME=hdfs ./setup/hdfs_setup.sh --no-sudo -c /etc/spot.conf -d impala
TEXT
}

arguments=()
while [ $# -gt 0 ]; do
    case $1 in
        --no-sudo) ;;
        -c | -d)
            [ $# -ge 2 ] || { usage >&2; fail 1 "$1 needs a value"; }
            arguments+=("$1" "$2")
            if [ "$1" = -d ]; then
                case ${2,,} in
                    impala | hive | beeline | spark) ;;
                    *) fail 1 "$2 is no database engine we know" "impala, hive, beeline or spark" ;;
                esac
            fi
            shift
            ;;
        -h | --help) usage; exit 0 ;;
        *) usage >&2; fail 1 "unknown option $1" ;;
    esac
    shift
done

[ -x "$VENV/bin/spot" ] || fail 1 "Spot is not installed" "run $ROOT/setup/install.sh"
exec "$VENV/bin/spot" setup hdfs ${arguments[@]+"${arguments[@]}"}

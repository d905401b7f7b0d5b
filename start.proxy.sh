#!/bin/sh
# From files to a page of the most suspicious events: start.proxy.sh [--real | [YYYYMMDD] [FILES...]]
exec "$(dirname "$0")/spot_ingest/start.sh" proxy "$@"

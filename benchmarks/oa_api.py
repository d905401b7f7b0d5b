#!/usr/bin/env python3
"""How long the API takes for the first 250 suspicious rows of a day, warm, on the real storage.

Asks ``suspicious`` with all its fields, as the page does, again and again, and prints the median
and the 95th percentile beside the bar of 100 ms. Ends with 1 where the bar is missed.

    python benchmarks/oa_api.py --source flow --date 20160708 [--runs 100]
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time

from graphql import GraphQLObjectType, get_named_type, is_leaf_type

from spot_common.cli import parse_day
from spot_common.config import load_config
from spot_oa.api import execute
from spot_oa.api.schema import executable_schema

BAR_MS = 100.0


def page_query(source: str) -> str:
    """Ask for every field of a suspicious row."""
    root = executable_schema().query_type
    assert root is not None
    group = get_named_type(root.fields[source].type)
    assert isinstance(group, GraphQLObjectType)
    row = get_named_type(group.fields["suspicious"].type)
    assert isinstance(row, GraphQLObjectType)
    leaves = [
        name for name, field in row.fields.items() if is_leaf_type(get_named_type(field.type))
    ]
    fields = " ".join(leaves)
    return f"query($date: SpotDateType) {{ {source} {{ suspicious(date: $date) {{ {fields} }} }} }}"


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--source", required=True)
    parser.add_argument("--date", required=True, type=parse_day)
    parser.add_argument("--runs", type=int, default=100)
    asked = parser.parse_args()
    config = load_config()
    request = {"query": page_query(asked.source), "variables": {"date": f"{asked.date:%Y-%m-%d}"}}
    times, rows, size = [], 0, 0
    for _ in range(asked.runs + 1):
        started = time.perf_counter()
        status, body = execute(config, request, user="benchmark", allow_mutation=False)
        text = json.dumps(body)
        times.append((time.perf_counter() - started) * 1000)
        if status != 200 or "errors" in body:
            print(text, file=sys.stderr)
            return 2
        rows, size = len(body["data"][asked.source]["suspicious"]), len(text)
    cold, warm = times[0], sorted(times[1:])
    median, high = statistics.median(warm), warm[int(len(warm) * 0.95)]
    print(f"suspicious of {asked.source}: {rows} rows, {size / 1024:.0f} KiB, {asked.runs} runs")
    print(
        f"cold {cold:.0f} ms, warm median {median:.1f} ms, p95 {high:.1f} ms (bar {BAR_MS:.0f} ms)"
    )
    return 0 if high <= BAR_MS else 1


if __name__ == "__main__":
    sys.exit(main())

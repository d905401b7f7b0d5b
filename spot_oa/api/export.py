"""Print the schema to a file: ``python -m spot_oa.api.export PATH``."""

from __future__ import annotations

import sys
from pathlib import Path

from graphql import print_schema

from spot_oa.api.schema import executable_schema


def main(words: list[str]) -> int:
    """Write the schema's text to the path given."""
    if len(words) != 1:
        print("usage: python -m spot_oa.api.export PATH", file=sys.stderr)
        return 2
    Path(words[0]).write_text(print_schema(executable_schema()) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

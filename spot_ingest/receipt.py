"""What a table file tells, in its own footer, of the inputs that its rows come from.

A file of the raw table carries one receipt an input: which input, how many of its rows are here,
and the whole account of that input with all its partitions. So what the ledger must know to let
nothing in twice can be read back from the tables alone.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from spot_common.errors import DataError
from spot_ingest.accounting import Account
from spot_ingest.entry import Entry

#: The key of the Parquet file's own metadata.
KEY = "spot.inputs"


@dataclass(frozen=True)
class Receipt:
    """One input's part in one table file.

    ``rows`` are those in this file, ``minutes`` those of each minute of its hour; ``stored`` are
    those in all files, which ``partitions`` lists as the ledger does; ``reasons`` counts the rows
    set aside.
    """

    hash: str
    name: str
    path: str
    size: int
    rows: int
    stored: int
    reasons: Mapping[str, int] = field(default_factory=dict)
    partitions: Sequence[Mapping[str, int]] = ()
    note: str = ""
    minutes: Sequence[int] = ()


def receipt_of(entry: Entry, rows: int, account: Account, partitions: Any, note: str) -> Receipt:
    """Make out the receipt for ``rows`` rows of a converted file."""
    return Receipt(
        hash=entry.hash,
        name=entry.name,
        path=entry.path,
        size=entry.size,
        rows=rows,
        stored=account.stored,
        reasons=account.reasons,
        partitions=partitions,
        note=note,
    )


def to_metadata(receipts: Sequence[Receipt]) -> dict[str, str]:
    """Give the metadata of a Parquet file that holds the rows of these inputs, in this order."""
    return {KEY: json.dumps([dataclasses.asdict(one) for one in receipts])}


def from_metadata(metadata: Mapping[bytes, bytes] | None) -> list[Receipt]:
    """Read a Parquet file's receipts; none where another program wrote the file.

    Raises DataError where there are some that cannot be understood.
    """
    text = (metadata or {}).get(KEY.encode())
    if text is None:
        return []
    try:
        return [Receipt(**record) for record in json.loads(text)]
    except (ValueError, TypeError) as error:
        raise DataError(f"the receipts in a table file are damaged: {error}") from error

"""Which names need a look at their bytes, for many messages at a time."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from spot_ingest.readers.datagrams import Datagrams, Flags, datagrams
from spot_ingest.readers.dnsname import (
    LONGEST_LABEL,
    QUESTION,
    UNKNOWN_LABEL,
    labels_at,
    text_of,
)
from spot_ingest.readers.frames import Frames, Ints, Portion

#: Bytes of a label that tshark prints as they are and that mean nothing else in its text.
_PLAIN = np.zeros(256, bool)
_PLAIN[0x20:0x7F] = True
_PLAIN[[ord(char) for char in ".\\"]] = False
_ANGLE = ord("<")


class Questions:
    """The first names that the messages in some frames ask for, as the frames have them."""

    def __init__(self, portion: Portion) -> None:
        self._portion = portion
        self._found = [datagrams(part) for part in portion.parts]
        parts = zip(portion.parts, self._found, strict=True)
        self._odd = np.concatenate([_odd(part, found) for part, found in parts])

    def exact(self, names: Any, places: Ints) -> Any:
        """Correct tshark's names (an Arrow array of text); ``places`` tells which frame each is of.

        Where a message has no name that could be read, what tshark says of it stays.
        """
        chosen = np.flatnonzero(self._odd[places])
        if not len(chosen):
            return names
        said = names.take(pa.array(chosen)).to_pylist()
        mine = [self._text(int(places[at]), text) for at, text in zip(chosen, said, strict=True)]
        mask = np.zeros(len(places), bool)
        mask[chosen] = True
        return pc.replace_with_mask(names, mask, pa.array(mine, pa.string()))

    def _text(self, place: int, said: str) -> str:
        if not said:  # there is no question
            return said
        index, within = self._portion.locate(place)
        found = self._found[index]
        start, stop = int(found.begins[within]), int(found.stops[within])
        try:
            return text_of(labels_at(self._portion.parts[index].body[start:stop]))
        except ValueError:
            return said if said.startswith("<") else UNKNOWN_LABEL


def _odd(frames: Frames, found: Datagrams) -> Flags:
    """Tell the messages whose first name may not be what tshark's text shows.

    In all others the text has each byte of the name, and a dot between labels only.
    """
    body = np.frombuffer(frames.body, np.uint8)
    unusual = np.concatenate([np.zeros(1, np.int32), np.cumsum(~_PLAIN[body], dtype=np.int32)])
    places, stops = found.begins + QUESTION, found.stops
    last = len(body) - 1
    answer: Flags = body[np.minimum(places + 1, last)] == _ANGLE
    open_ = np.arange(len(places))
    while len(open_):
        here = places[open_]
        sizes = body[np.minimum(here, last)].astype(np.int64)
        after = here + 1 + sizes
        cut = after > stops[open_]
        strange = cut | (sizes > LONGEST_LABEL)
        inside = ~strange
        strange[inside] = unusual[after[inside]] != unusual[here[inside] + 1]
        answer[open_[strange]] = True
        goes_on = ~strange & (sizes > 0)
        open_ = open_[goes_on]
        places[open_] = after[goes_on]
    return answer

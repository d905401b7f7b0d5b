"""The one way to make events: what is done once is seen by every sensor that would see it.

Activities and attacks say what a machine does (asks for a name, opens a connection, requests a
page); the recorder works out what that looks like: packets and flags of a connection, both legs of
a look-up, the connections behind a request. Every argument is an array with one value per event, or
one value for all. ``key`` is each event's own random key (``Stream.bits`` or ``streams.child``):
everything not given is drawn from it.
"""

from __future__ import annotations

from spot_gen.recorder.connections import State
from spot_gen.recorder.lookups import USES, Lookups
from spot_gen.recorder.requests import Legs, Requests

__all__ = ["USES", "Legs", "Recorder", "State"]


class Recorder(Requests, Lookups):
    """Collects events. ``label`` marks everything recorded, until ``finish`` hands it over."""

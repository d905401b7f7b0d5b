"""DNS as it is on the wire: names, messages, and the packets that carry them."""

from spot_gen.dnswire.exchanges import DATAGRAMS, OPENING_OPTIONS, STREAM, Step, connections
from spot_gen.dnswire.messages import (
    PORT,
    answered,
    queries,
    query_sizes,
    response_sizes,
    responses,
)
from spot_gen.dnswire.names import names

__all__ = [
    "DATAGRAMS",
    "OPENING_OPTIONS",
    "PORT",
    "STREAM",
    "Step",
    "answered",
    "connections",
    "names",
    "queries",
    "query_sizes",
    "response_sizes",
    "responses",
]

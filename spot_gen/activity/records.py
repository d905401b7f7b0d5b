"""Record data of DNS answers other than addresses, and the names that ask for them."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from spot_gen.dnswire.names import names
from spot_gen.network.addresses import Addresses
from spot_gen.streams import Ints

_OCTETS = pa.array([str(number) for number in range(256)])


def reverse_name(addresses: Addresses) -> pa.StringArray:
    """Return the names under which the names of IPv4 addresses are asked for."""
    low = addresses[:, 1].astype(np.int64)
    octets = (_OCTETS.take(pa.array(low >> shift & 255)) for shift in (0, 8, 16, 24))
    return pc.binary_join_element_wise(*octets, "in-addr.arpa", ".")


def name_data(texts: pa.StringArray, there: np.ndarray | None = None) -> pa.ListArray:
    """Return names as answers of one record each; of none where ``there`` is false."""
    return _lists(_wire(texts), np.ones(len(texts), bool) if there is None else there)


def mail_exchanger(texts: pa.StringArray) -> pa.ListArray:
    """Return answers that name a mail server, at preference 10."""
    data = pc.binary_join_element_wise(pa.scalar(b"\0\n"), _wire(texts), pa.scalar(b""))
    return _lists(data, np.ones(len(texts), bool))


def service(port: int, host: str) -> bytes:
    """Return the data of a service record: priority 0, weight 100, port and host."""
    name: bytes = _wire(pa.array([host]))[0].as_py()
    return b"\0\0\0d" + port.to_bytes(2, "big") + name


def text_data(text: str) -> bytes:
    """Return the data of a TXT record of up to 255 characters."""
    return bytes([len(text)]) + text.encode()


def _wire(texts: pa.StringArray) -> pa.BinaryArray:
    rows = names(texts)
    buffers = [None, pa.py_buffer(rows.offsets.astype(np.int32)), pa.py_buffer(rows.values)]
    return pa.Array.from_buffers(pa.binary(), len(texts), buffers)


def _lists(data: pa.BinaryArray, there: np.ndarray) -> pa.ListArray:
    counts: Ints = there.astype(np.int64)
    offsets = np.concatenate([[0], np.cumsum(counts)]).astype(np.int32)
    return pa.ListArray.from_arrays(pa.array(offsets), data.filter(pa.array(there)))

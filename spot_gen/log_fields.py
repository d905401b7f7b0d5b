"""What the lines of hosts' own logs say: the columns ``kind`` and ``fields`` of LOG_LINES.

Make ``fields`` with ``encode``, for all lines of one kind at once::

    recorder.log_lines(key, time_us, "ssh1", "sshd",
                       encode("sshd", n, result="failed", user=users, address=texts, port=ports))

A field that is not given (or is None, or an empty text) is absent from the line.

========  ==========================================================================================
kind      fields
========  ==========================================================================================
sshd      ``result``: accepted, failed (wrong password), invalid (no such user), closed (given up
          before log-on), opened and ended (of a session); ``user``; ``address`` and ``port`` of the
          client; ``method``: password (default) or publickey
su        ``result``: opened, closed, failed; ``user`` who becomes ``target`` (default root);
          ``tty``
sudo      ``result``: allowed, refused (not in sudoers), failed (wrong password); ``user`` acts as
          ``target`` (default root); ``command``; ``folder``; ``tty``
firewall  ``action``: allow, deny, reject; ``proto``: tcp, udp, icmp; ``src``, ``dst`` as text;
          ``sport``, ``dport``; ``length`` of the packet, bytes (default 60)
windows   ``event_id``: a number of ``WINDOWS_EVENTS``; ``user`` whom it is about (machines end in
          $); ``domain`` (default CORP); ``address`` and ``port`` it came from; ``workstation``;
          ``logon_type``: 2 at the machine, 3 over the network, 4 batch, 5 service, 7 unlock,
          10 remote desktop; ``status``: an NTSTATUS or Kerberos code like 0xC000006A (wrong
          password) or 0x18; ``process`` path; ``parent`` path of the process that made it;
          ``command`` line; ``service`` name; ``target``: account or group that is acted on
========  ==========================================================================================
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from spot_gen.text import joined, json_strings

_TEXT, _NUMBER = pa.string(), pa.int64()

#: The fields of each kind of line.
FIELDS: dict[str, pa.Schema] = {
    "sshd": pa.schema(
        [
            ("result", _TEXT), ("user", _TEXT), ("address", _TEXT), ("port", _NUMBER),
            ("method", _TEXT),
        ]
    ),
    "su": pa.schema([("result", _TEXT), ("user", _TEXT), ("target", _TEXT), ("tty", _TEXT)]),
    "sudo": pa.schema(
        [
            ("result", _TEXT), ("user", _TEXT), ("target", _TEXT), ("command", _TEXT),
            ("folder", _TEXT), ("tty", _TEXT),
        ]
    ),
    "firewall": pa.schema(
        [
            ("action", _TEXT), ("proto", _TEXT), ("src", _TEXT), ("dst", _TEXT),
            ("sport", _NUMBER), ("dport", _NUMBER), ("length", _NUMBER),
        ]
    ),
    "windows": pa.schema(
        [
            ("event_id", _NUMBER), ("user", _TEXT), ("domain", _TEXT), ("address", _TEXT),
            ("port", _NUMBER), ("workstation", _TEXT), ("logon_type", _NUMBER), ("status", _TEXT),
            ("process", _TEXT), ("parent", _TEXT), ("command", _TEXT), ("service", _TEXT),
            ("target", _TEXT),
        ]
    ),
}  # fmt: skip

#: Windows events that can be logged, with the first sentence of their message.
WINDOWS_EVENTS: dict[int, str] = {
    4624: "An account was successfully logged on.",
    4625: "An account failed to log on.",
    4634: "An account was logged off.",
    4647: "User initiated logoff.",
    4648: "A logon was attempted using explicit credentials.",
    4672: "Special privileges assigned to new logon.",
    4688: "A new process has been created.",
    4689: "A process has exited.",
    4720: "A user account was created.",
    4724: "An attempt was made to reset an account's password.",
    4728: "A member was added to a security-enabled global group.",
    4740: "A user account was locked out.",
    4767: "A user account was unlocked.",
    4768: "A Kerberos authentication ticket (TGT) was requested.",
    4769: "A Kerberos service ticket was requested.",
    4771: "Kerberos pre-authentication failed.",
    4776: "The computer attempted to validate the credentials for an account.",
    5140: "A network share object was accessed.",
    7045: "A service was installed in the system.",
}


def encode(kind: str, size: int, **columns: Any) -> pa.StringArray:
    """Return ``size`` JSON objects for column ``fields``, of arrays or single values.

    KeyError for a kind or a field that does not exist.
    """
    schema = FIELDS[kind]
    unknown = set(columns) - set(schema.names)
    if unknown:
        raise KeyError(f"{kind} lines have no {sorted(unknown)}")
    members = [
        _member(field.name, _column(columns[field.name], field.type, size))
        for field in schema
        if field.name in columns
    ]
    inner = joined(*members) if members else pa.repeat(pa.scalar(","), size)
    return joined("{", pc.utf8_slice_codeunits(inner, 1), "}")


def _column(value: Any, kind: pa.DataType, size: int) -> pa.Array:
    if isinstance(value, pa.ChunkedArray):
        value = value.combine_chunks()
    if isinstance(value, (np.ndarray, list)):
        value = pa.array(value)
    if not isinstance(value, pa.Array):
        value = pa.repeat(pa.scalar(value, kind), size)
    return value.cast(kind)


def _member(name: str, column: pa.Array) -> pa.Array:
    """Return ``,"name":value`` per row, nothing where the value is absent."""
    if pa.types.is_string(column.type):
        column = pc.if_else(pc.equal(column, ""), None, column)
        texts = json_strings(column)
    else:
        texts = column.cast(_TEXT)
    return pc.fill_null(joined(f',"{name}":', texts), "")

"""Hosts' own logs: syslog lines, and the event logs of Windows as JSON.

``syslog_YYYYMMDDhh.log`` has the lines of sshd, su, sudo and the firewall as a log host stores
them (RFC 3164 without the priority, which is not kept in files; times are UTC);
``windows_YYYYMMDDhh.json`` the security events that NXLog sends, one JSON object a line.

What each kind of line says is defined in ``spot_gen.log_fields``. The mark of a line has its time,
``src`` (the address that it names), ``sport``, ``dst`` and ``dport`` (firewall), ``name`` (the
host), ``path`` (the kind), ``method`` (result, action or event number) and ``query`` (the user).
"""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.json

from spot_common.errors import DataError
from spot_gen.events import Events, numbers
from spot_gen.log_fields import FIELDS
from spot_gen.network import World
from spot_gen.streams import draw, integers
from spot_gen.text import bsd, digits, filled, joined, moments
from spot_gen.writers.lines import HELD, Log, Logs, held
from spot_gen.writers.windows import windows_lines

_SSH_FROM = "{user} from {address} port {port} ssh2"
_SUDO = "TTY={tty} ; PWD={folder} ; USER={target} ; COMMAND={command}"
_PACKET = "IN=eth0 OUT=eth1 SRC={src} DST={dst} LEN={length} TOS=0x00 PREC=0x00 TTL=63 ID={id} DF "
_ICMP = "PROTO=ICMP TYPE=8 CODE=0 ID={id} SEQ=1"

#: The message of each kind and result, ``{name}`` stands for a field.
_MESSAGES: dict[str, dict[str, str]] = {
    "sshd": {
        "accepted": "Accepted {method} for " + _SSH_FROM,
        "failed": "Failed {method} for " + _SSH_FROM,
        "invalid": "Failed {method} for invalid user " + _SSH_FROM,
        "closed": "Connection closed by authenticating user {user} {address} port {port} [preauth]",
        "opened": "pam_unix(sshd:session): session opened for user {user} by (uid=0)",
        "ended": "pam_unix(sshd:session): session closed for user {user}",
    },
    "su": {
        "opened": "pam_unix(su:session): session opened for user {target} by {user}(uid=1000)",
        "closed": "pam_unix(su:session): session closed for user {target}",
        "failed": "FAILED SU (to {target}) {user} on {tty}",
    },
    "sudo": {
        "allowed": "{user} : " + _SUDO,
        "refused": "{user} : user NOT in sudoers ; " + _SUDO,
        "failed": "{user} : 3 incorrect password attempts ; " + _SUDO,
    },
    "firewall": {
        f"{action} {proto}": f"FW-{action.upper()} {_PACKET}{rest}"
        for action in ("allow", "deny", "reject")
        for proto, rest in (
            ("tcp", "PROTO=TCP SPT={sport} DPT={dport} WINDOW=64240 RES=0x00 SYN URGP=0"),
            ("udp", "PROTO=UDP SPT={sport} DPT={dport} LEN={length}"),
            ("icmp", _ICMP),
        )
    },
}
_TAGS = {"sshd": "sshd[{pid}]", "su": "su[{pid}]", "sudo": "sudo", "firewall": "kernel"}
#: What stands for a field that is absent.
_ABSENT = {
    "method": "password", "user": "unknown", "target": "root", "tty": "pts/0", "folder": "/",
    "command": "/bin/sh", "length": "60", "proto": "tcp", "action": "deny", "port": "0",
    "sport": "0", "dport": "0",
}  # fmt: skip


class Syslog(Logs):
    """Writes ``syslog_YYYYMMDDhh.log`` and ``windows_YYYYMMDDhh.json``."""

    source = "syslog"

    def kept(self) -> list[Log]:
        """Return both logs."""
        return [
            Log(self, "syslog", "log", lambda events: _collected(events, self.world, _UNIX)),
            Log(self, "windows", "json", lambda events: _collected(events, self.world, _WINDOWS)),
        ]


Render = Callable[[World, pa.Table, pa.Table], pa.Array]


def _collected(events: Events, world: World, renders: dict[str, Render]) -> pa.Table:
    """Return the lines of all kinds that a log holds."""
    table = events.log_lines
    parts = [HELD.empty_table()]
    for kind, render in renders.items():
        chosen = table.filter(pc.equal(table.column("kind"), kind)).combine_chunks()
        if chosen.num_rows:
            fields = _parsed(kind, chosen.column("fields"))
            parts.append(_waiting(kind, chosen, fields, render(world, chosen, fields)))
    return pa.concat_tables(parts)


def _parsed(kind: str, texts: pa.ChunkedArray) -> pa.Table:
    """Read the fields of lines of one kind; DataError for what their definition does not have."""
    data = "\n".join(texts.to_pylist()).encode()
    options = pyarrow.json.ParseOptions(
        explicit_schema=FIELDS[kind], unexpected_field_behavior="error"
    )
    reading = pyarrow.json.ReadOptions(use_threads=False, block_size=max(len(data) + 1, 1 << 16))
    try:
        return pyarrow.json.read_json(io.BytesIO(data), reading, options).combine_chunks()
    except pa.ArrowInvalid as error:
        raise DataError(
            f"fields of a {kind} line are not as defined: {error}",
            hint="make them with spot_gen.log_fields.encode",
        ) from error


def _waiting(kind: str, table: pa.Table, fields: pa.Table, lines: pa.Array) -> pa.Table:
    """Return lines with what their marks need."""
    there = set(fields.column_names)
    keys = {
        "src": "address" if "address" in there else "src",
        "sport": "port" if "port" in there else "sport",
        "dst": "dst",
        "dport": "dport",
        "query": "user",
        "method": next(name for name in ("result", "action", "event_id") if name in there),
    }
    columns: dict[str, Any] = {
        name: fields.column(field) for name, field in keys.items() if field in there
    }
    same = {name: table.column(name) for name in ("order", "label", "stage", "time_us")}
    constant = {"emit_us": same["time_us"], "rank": 0, "line": lines}
    named = {"name": table.column("host"), "path": pa.repeat(kind, table.num_rows)}
    return held({**columns, **same, **constant, **named}, table.num_rows)


def _unix(kind: str) -> Render:
    """Return what makes the lines of a kind, by the template of each line's result."""

    def render(_: World, table: pa.Table, fields: pa.Table) -> pa.Array:
        values = _values(table, fields)
        chosen = values["result"] if "result" in values else values["action"]
        if "proto" in values:
            chosen = joined(chosen, " ", pc.utf8_lower(values["proto"]))
        head = filled("{when} {host} " + _TAGS[kind] + ": ", values)
        return joined(head, _chosen(kind, chosen, values), "\n")

    return render


def _values(table: pa.Table, fields: pa.Table) -> dict[str, pa.Array]:
    """Return all that a template may name, as text without nulls."""
    values = {
        name: pc.fill_null(
            fields.column(name).combine_chunks().cast(pa.string()), _ABSENT.get(name, "-")
        )
        for name in fields.column_names
    }
    order = numbers(table, "order")
    # Lines of one connection come from one process: the number follows from its port.
    same = fields.column("port").to_numpy() if "port" in values else order
    process = np.where(np.isnan(same), 0, same).astype(np.uint64) if "port" in values else order
    return {
        **values,
        "when": moments(numbers(table, "time_us"), bsd),
        "host": table.column("host").combine_chunks(),
        "pid": digits(integers(process, 70, 300, 32_768)),
        "id": digits(draw(order, 71) >> np.uint64(48)),
    }


def _chosen(kind: str, result: pa.Array, values: dict[str, pa.Array]) -> pa.Array:
    """Write each message by the template of its result; DataError where there is none."""
    messages = pa.nulls(len(result), pa.string())
    for name in pc.unique(result).to_pylist():
        if name not in _MESSAGES[kind]:
            known = ", ".join(_MESSAGES[kind])
            raise DataError(f"{kind} lines have no result {name!r}", hint=f"known are: {known}")
        messages = pc.if_else(
            pc.equal(result, name), filled(_MESSAGES[kind][name], values), messages
        )
    return messages


_UNIX: dict[str, Render] = {kind: _unix(kind) for kind in _MESSAGES}
_WINDOWS: dict[str, Render] = {"windows": windows_lines}

WRITER = Syslog

"""Windows security events as NXLog writes them: one JSON object a line."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from spot_common.errors import DataError
from spot_gen.events import numbers
from spot_gen.log_fields import WINDOWS_EVENTS
from spot_gen.network import World
from spot_gen.streams import draw, integers
from spot_gen.text import digits, iso, joined, json_objects, json_strings, moments

_SECURITY = "Microsoft-Windows-Security-Auditing"
_SUCCESS, _FAILURE, _PLAIN = -9214364837600034816, -9218868437227405312, -9187343239835811840
#: Events that always report a failure; others do where their status is not 0x0.
_FAILURES = (4625, 4771)

_SUBJECT = {"SubjectUserName": "user", "SubjectDomainName": "domain"}
_TARGET = {"TargetUserName": "user", "TargetDomainName": "domain"}
_FROM = {"WorkstationName": "workstation", "IpAddress": "address", "IpPort": "port"}
_TICKET = {**_TARGET, "ServiceName": "service", "Status": "status", "IpAddress": "address",
           "IpPort": "port"}  # fmt: skip
_ACTED = {**_SUBJECT, "TargetUserName": "target", "TargetDomainName": "domain"}

#: The names under which each event has its fields, its category and its task.
_EVENTS: dict[int, tuple[str, int, dict[str, str]]] = {
    4624: ("Logon", 12544, {**_TARGET, "LogonType": "logon_type", "LogonProcessName": "service",
                            "ProcessName": "process", **_FROM}),
    4625: ("Logon", 12544, {**_TARGET, "Status": "status", "LogonType": "logon_type",
                            "ProcessName": "process", **_FROM}),
    4634: ("Logoff", 12545, {**_TARGET, "LogonType": "logon_type"}),
    4647: ("Logoff", 12545, _TARGET),
    4648: ("Logon", 12544, {**_SUBJECT, "TargetUserName": "target", "TargetServerName":
                            "workstation", "ProcessName": "process", "IpAddress": "address",
                            "IpPort": "port"}),
    4672: ("Special Logon", 12548, _SUBJECT),
    4688: ("Process Creation", 13312, {**_SUBJECT, "NewProcessName": "process",
                                       "ParentProcessName": "parent", "CommandLine": "command"}),
    4689: ("Process Termination", 13313, {**_SUBJECT, "ProcessName": "process"}),
    4720: ("User Account Management", 13824, _ACTED),
    4724: ("User Account Management", 13824, _ACTED),
    4728: ("Security Group Management", 13826, {**_ACTED, "MemberName": "service"}),
    4740: ("User Account Management", 13824, {**_TARGET, "CallerComputerName": "workstation"}),
    4767: ("User Account Management", 13824, _ACTED),
    4768: ("Kerberos Authentication Service", 14339, _TICKET),
    4769: ("Kerberos Service Ticket Operations", 14337, _TICKET),
    4771: ("Kerberos Authentication Service", 14339, _TICKET),
    4776: ("Credential Validation", 14336, {"TargetUserName": "user", "Workstation": "workstation",
                                            "Status": "status"}),
    5140: ("File Share", 12808, {**_SUBJECT, "IpAddress": "address", "IpPort": "port",
                                 "ShareName": "target"}),
    7045: ("Service Installation", 0, {"ServiceName": "service", "ImagePath": "process",
                                       "AccountName": "user"}),
}  # fmt: skip
#: Events of another channel than Security: channel and provider.
_ELSEWHERE = {7045: ("System", "Service Control Manager")}


def windows_lines(world: World, table: pa.Table, fields: pa.Table) -> pa.Array:
    """Return the lines of events; DataError for an event that is not defined."""
    event = pc.fill_null(fields.column("event_id"), 0).to_numpy()
    unknown = set(np.unique(event).tolist()) - set(_EVENTS)
    if unknown:
        raise DataError(f"there are no Windows events {sorted(unknown)}")
    parts, places = [pa.array([], pa.string())], [np.zeros(0, np.int64)]
    for number in np.unique(event).tolist():
        rows = np.flatnonzero(event == number)
        chosen = pa.array(rows)
        parts.append(_lines(world, number, table.take(chosen), fields.take(chosen)))
        places.append(rows)
    back = np.argsort(np.concatenate(places), kind="stable")
    return pa.concat_arrays(parts).take(pa.array(back))


def _lines(world: World, number: int, table: pa.Table, fields: pa.Table) -> pa.Array:
    """Return the lines of one event number."""
    category, task, names = _EVENTS[number]
    channel, provider = _ELSEWHERE.get(number, ("Security", _SECURITY))
    failed = _failed(number, fields)
    time, order = numbers(table, "time_us"), numbers(table, "order")
    when = joined('"', moments(time, iso), '"')
    domain = pc.fill_null(fields.column("domain"), "CORP")
    fields = fields.set_column(fields.schema.get_field_index("domain"), "domain", domain)
    security = provider == _SECURITY
    outcome = pc.if_else(failed, '"AUDIT_FAILURE"', '"AUDIT_SUCCESS"') if security else '"INFO"'
    keywords = pc.if_else(failed, str(_FAILURE), str(_SUCCESS)) if security else str(_PLAIN)
    members: dict[str, Any] = {
        "EventTime": when,
        "Hostname": json_strings(table.column("host")),
        "Keywords": keywords,
        "EventType": outcome,
        "SeverityValue": pc.if_else(failed, "4", "2"),
        "Severity": pc.if_else(failed, '"ERROR"', '"INFO"'),
        "EventID": str(number),
        "SourceName": f'"{provider}"',
        "Task": str(task),
        "RecordNumber": digits((time - world.config.start_us) // 10_000 + 100_000),
        "ProcessID": digits(integers(order, 72, 500, 900)),
        "ThreadID": digits(integers(order, 73, 400, 9_000)),
        "Channel": f'"{channel}"',
        "Message": f'"{WINDOWS_EVENTS[number]}"',
        "Category": f'"{category}"',
        **{name: _text(fields.column(field)) for name, field in names.items()},
        "LogonId": joined('"0x', _hexadecimal(draw(order, 74) >> np.uint64(40)), '"'),
        "EventReceivedTime": when,
        "SourceModuleName": '"eventlog"',
        "SourceModuleType": '"im_msvistalog"',
    }
    return joined(json_objects(members), "\n")


def _failed(number: int, fields: pa.Table) -> pa.Array:
    """Say which events report a failure."""
    status = pc.fill_null(fields.column("status"), "0x0").combine_chunks()
    return pc.or_(pc.invert(pc.equal(status, "0x0")), pa.scalar(number in _FAILURES))


def _text(column: pa.ChunkedArray) -> pa.Array:
    """Write a field, all of them as text, as Windows does."""
    return json_strings(column.combine_chunks().cast(pa.string()))


def _hexadecimal(values: np.ndarray) -> pa.Array:
    """Write numbers below 2^24 as six hexadecimal digits."""
    pairs = [(values >> np.uint64(shift) & np.uint64(255)).astype(np.int64) for shift in (16, 8, 0)]
    return joined(*(_PAIRS.take(pa.array(pair)) for pair in pairs))


_PAIRS = pa.array([f"{number:02x}" for number in range(256)])

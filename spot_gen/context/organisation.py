"""The organisation's own tables: accounts, machines, and what is wrong with these."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from typing import Any

from spot_gen.clock import SECOND_US
from spot_gen.context.tables import records
from spot_gen.network import World
from spot_gen.network.hosts import ORGANISATION, Host
from spot_gen.streams import Stream

DAY_S = 86_400
_COMPANY = "Example Corporation"
_SITES = ("Main building", "North wing", "South wing", "Harbour office")
#: Departments with the titles of those who work there, the head's last.
_DEPARTMENTS = {
    "Sales": ("Representative", "Account Manager", "Head of Sales"),
    "Finance": ("Accountant", "Controller", "Head of Finance"),
    "Engineering": ("Engineer", "Senior Engineer", "Head of Engineering"),
    "Operations": ("Administrator", "Planner", "Head of Operations"),
    "People": ("Recruiter", "Adviser", "Head of People"),
    "Legal": ("Counsel", "Clerk", "Head of Legal"),
}
#: System, version and services of each role; workstations and devices are at the end.
_SYSTEMS: dict[str, tuple[str, str, tuple[str, ...]]] = {
    "resolver": ("Linux", "6.1", ("dns",)),
    "proxy": ("SGOS", "6.7.5", ("http-proxy",)),
    "mail": ("Linux", "6.1", ("imap", "smtp")),
    "directory": ("Windows Server", "2019", ("kerberos", "ldap", "smb")),
    "files": ("Windows Server", "2019", ("smb",)),
    "database": ("Linux", "5.15", ("sql",)),
    "web": ("Linux", "5.15", ("http", "https")),
    "relay": ("Linux", "5.15", ("smtp",)),
    "gateway": ("Linux", "5.15", ("ssh",)),
    "router": ("Router OS", "17.3", ("snmp", "netflow")),
    "workstation": ("Windows", "10", ()),
    "printer": ("Printer firmware", "4.2", ("ipp",)),
    "camera": ("Camera firmware", "2.8", ("rtsp",)),
}
_OTHER_SYSTEM = ("Linux", "6.1", ("ssh",))
_CRITICAL = {"directory": "high", "files": "high", "database": "high", "mail": "high"}

_USERS = (
    "dvc_time", "user_created", "user_changed", "user_last_logon", "user_logon_count",
    "user_last_reset", "user_id", "user_name", "user_name_first", "user_name_last",
    "user_name_mgr", "user_phone", "user_email", "user_loc", "user_departm", "user_dn", "user_ou",
    "user_empid", "user_title", "user_groups", "dvc_type", "dvc_vendor",
)  # fmt: skip
_ENDPOINTS = (
    "dvc_time", "end_ip4", "end_ip4_str", "end_ip6", "end_ip6_str", "end_os", "end_os_version",
    "end_tz", "end_nics", "end_host", "end_mac", "end_owner", "end_vulns", "end_loc",
    "end_departm", "end_company", "end_svcs", "end_criticality", "end_desc", "dvc_type",
    "dvc_vendor", "end_architecture", "end_uuid", "end_memtotal",
)  # fmt: skip
_VULNERABILITIES = (
    "vuln_id", "vuln_title", "vuln_description", "vuln_solution", "vuln_type", "vuln_category",
    "vuln_severity", "vuln_created", "vuln_updated",
)  # fmt: skip

#: Known weaknesses by the system that has them: title, severity, share of these systems.
_WEAKNESSES = (
    ("Windows", "Missing monthly security update", "high", 0.12),
    ("Windows", "Outdated browser", "medium", 0.20),
    ("Windows", "Local privilege escalation in the print service", "high", 0.08),
    ("Windows Server", "Message signing is not required", "medium", 0.60),
    ("Linux", "Outdated cryptographic library", "medium", 0.30),
    ("Linux", "Remote log-on allows passwords", "low", 0.40),
    ("Printer firmware", "Administration page without password", "medium", 0.35),
    ("Camera firmware", "Factory password in use", "high", 0.25),
    ("Router OS", "Management protocol without encryption", "low", 1.0),
)


def start_s(world: World) -> int:
    """Return when the data begins, seconds since 1970: all snapshots are of this time."""
    return world.config.start_us // SECOND_US


def users(world: World) -> str:
    """Return the table of accounts."""
    people = [_person(host) for host in world.people.hosts]
    heads: dict[str, Host] = {}
    for host, (department, _) in zip(world.people.hosts, people, strict=True):
        heads.setdefault(department, host)
    rows = (
        _account(world, host, stream, department, heads[department])
        for host, (department, stream) in zip(
            world.people.hosts, ((d, world.stream(f"{s}/account")) for d, s in people), strict=True
        )
    )
    return records(_USERS, rows)


def _person(host: Host) -> tuple[str, str]:
    """Return the department of a machine's user, and the name of the machine's streams."""
    return list(_DEPARTMENTS)[host.number * 7 % 13 % len(_DEPARTMENTS)], host.stream


def _account(
    world: World, host: Host, stream: Stream, department: str, head: Host
) -> dict[str, Any]:
    now = start_s(world)
    first, _, last = host.person.partition(" ")
    created = now - stream.number(40, 4_000) * DAY_S
    reset = max(created, now - stream.number(0, 90) * DAY_S)
    titles = _DEPARTMENTS[department]
    chief = head is host
    return {
        "dvc_time": now,
        "user_created": created,
        "user_changed": reset,
        "user_last_logon": now - stream.number(3_600, 4 * DAY_S),
        "user_logon_count": stream.number(30, 3_000),
        "user_last_reset": reset,
        "user_id": f"S-1-5-21-1004336348-1177238915-682003330-{1_100 + host.number}",
        "user_name": host.user,
        "user_name_first": first,
        "user_name_last": last,
        "user_name_mgr": None if chief else head.person,
        "user_phone": f"+99 555 {host.number:05d}",
        "user_email": f"{host.user}@{ORGANISATION}",
        "user_loc": stream.choice(_SITES),
        "user_departm": department,
        "user_dn": f"CN={host.person},OU={department},DC=corp,DC=example",
        "user_ou": department,
        "user_empid": f"E{10_000 + host.number}",
        "user_title": titles[-1] if chief else stream.choice(titles[:-1]),
        "user_groups": ["Domain Users", department, *(["VPN Users"] if stream.chance(0.4) else [])],
        "dvc_type": "directory",
        "dvc_vendor": "example",
    }


def endpoints(world: World) -> str:
    """Return the table of machines."""
    return records(_ENDPOINTS, (_endpoint(world, host) for host in world.hosts))


def _endpoint(world: World, host: Host) -> dict[str, Any]:
    stream = world.stream(f"{host.stream}/inventory")
    system, version, services = _SYSTEMS.get(host.role, _OTHER_SYSTEM)
    number = int(host.address[1])
    address = str(ipaddress.ip_address(number))
    mac = ":".join(f"{part:02x}" for part in (2 << 40 | number).to_bytes(6, "big"))
    uuid = stream.text("0123456789abcdef", 32)
    return {
        "dvc_time": start_s(world),
        "end_ip4": number,
        "end_ip4_str": address,
        **_six(host),
        "end_os": system,
        "end_os_version": version,
        "end_tz": "UTC",
        "end_nics": [mac],
        "end_host": host.full_name,
        "end_mac": mac,
        "end_owner": host.user or "it-operations",
        "end_vulns": _weak(stream.below(1), system),
        "end_loc": stream.choice(_SITES),
        "end_departm": _person(host)[0] if host.user else "Operations",
        "end_company": _COMPANY,
        "end_svcs": list(services),
        "end_criticality": _CRITICAL.get(host.role, "low" if host.number else "medium"),
        "end_desc": host.role,
        "dvc_type": "inventory",
        "dvc_vendor": "example",
        "end_architecture": "x86_64",
        "end_uuid": "-".join((uuid[:8], uuid[8:12], uuid[12:16], uuid[16:20], uuid[20:])),
        "end_memtotal": (8 << 30) * stream.number(1, 5),
    }


def _six(host: Host) -> dict[str, str]:
    if host.address_6 is None:
        return {}
    address = ipaddress.IPv6Address(int(host.address_6[0]) << 64 | int(host.address_6[1]))
    return {"end_ip6": f"{int(address):032x}", "end_ip6_str": str(address)}


def _weak(stream: Stream, system: str) -> list[str]:
    drawn = stream.uniform(len(_WEAKNESSES))
    return [
        _weakness_id(number)
        for number, (which, _, _, share) in enumerate(_WEAKNESSES)
        if which == system and drawn[number] < share
    ]


def _weakness_id(number: int) -> str:
    return f"EX-2023-{number + 1:04d}"


def vulnerabilities(world: World) -> str:
    """Return the catalogue of weaknesses that machines have."""
    return records(_VULNERABILITIES, _catalogue(world))


def _catalogue(world: World) -> Iterator[dict[str, Any]]:
    stream = world.stream("weaknesses")
    for number, (system, title, severity, _) in enumerate(_WEAKNESSES):
        created = start_s(world) - stream.number(60, 700) * DAY_S
        yield {
            "vuln_id": _weakness_id(number),
            "vuln_title": title,
            "vuln_description": f"{title}, found on machines with {system}.",
            "vuln_solution": f"Follow the hardening guide for {system}.",
            "vuln_type": stream.choice(("confirmed", "potential")),
            "vuln_category": system,
            "vuln_severity": severity,
            "vuln_created": created,
            "vuln_updated": created + stream.number(0, 30) * DAY_S,
        }

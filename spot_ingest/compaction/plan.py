"""Which files of an hour become which, and whether that is worth while."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

#: Files that are merged into one at most: their names have to fit into one request.
MOST_FILES = 300
_PREFIX = "merged-"


@dataclass(frozen=True)
class Member:
    """A file of an hour: its name and its size in bytes."""

    name: str
    size: int


@dataclass(frozen=True)
class Group:
    """Files that become one."""

    members: tuple[Member, ...]

    @property
    def name(self) -> str:
        """The name of the file that they become: the same members, the same name."""
        if len(self.members) == 1:
            return self.members[0].name
        names = "\n".join(member.name for member in self.members)
        return f"{_PREFIX}{hashlib.sha256(names.encode()).hexdigest()[:32]}.parquet"

    @property
    def size(self) -> int:
        """Bytes of all members."""
        return sum(member.size for member in self.members)


def groups(members: Sequence[Member], target: int) -> list[Group]:
    """Part files into groups of about ``target`` bytes, the small ones together.

    Files of at least half that size stay as they are.
    """
    large = [member for member in members if 2 * member.size >= target]
    small = sorted((m for m in members if 2 * m.size < target), key=lambda m: (-m.size, m.name))
    open_: list[list[Member]] = []
    rooms: list[int] = []
    for member in small:  # first fit, the largest first
        for number, room in enumerate(rooms):
            if member.size <= room and len(open_[number]) < MOST_FILES:
                open_[number].append(member)
                rooms[number] -= member.size
                break
        else:
            open_.append([member])
            rooms.append(target - member.size)
    packed = [Group(tuple(sorted(found, key=lambda m: m.name))) for found in open_]
    return [Group((member,)) for member in large] + packed


def worth_while(found: Sequence[Group]) -> bool:
    """Say whether any files would become one."""
    return any(len(group.members) > 1 for group in found)


def to_json(found: Sequence[Group]) -> bytes:
    """Write a plan down."""
    plain = [[[member.name, member.size] for member in group.members] for group in found]
    return json.dumps(plain).encode()


def from_json(data: bytes) -> list[Group]:
    """Read a plan; ValueError where it is none."""
    plain: Any = json.loads(data)
    return [Group(tuple(Member(name, size) for name, size in group)) for group in plain]

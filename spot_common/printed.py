"""Text from outside as a terminal may have it."""

from __future__ import annotations


def printed(text: str) -> str:
    r"""Write what a terminal would obey or not show as ``\xNN``, ``\uNNNN`` or ``\UNNNNNNNN``."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else _code(ord(char)) for char in text)


def _code(point: int) -> str:
    if point < 0x100:
        return f"\\x{point:02x}"
    return f"\\u{point:04x}" if point < 0x10000 else f"\\U{point:08x}"

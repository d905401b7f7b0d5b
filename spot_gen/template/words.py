"""Names and words of the functions; all of them combine to nobody in particular."""

from __future__ import annotations

GIVEN_NAMES = [
    "ada", "anton", "bela", "bruno", "carla", "dario", "edda", "emil", "fara", "gero", "hanna",
    "ivo", "jana", "kaspar", "lena", "malik", "nora", "oskar", "petra", "ravi", "selma", "theo",
    "ulla", "vera",
]  # fmt: skip
FAMILY_NAMES = [
    "ahlberg", "baxter", "corvin", "dalton", "ekman", "farrow", "garland", "hollis", "iversen",
    "juniper", "kessel", "larkin", "merrow", "norvik", "oakley", "pellew", "quarry", "rowan",
    "stroud", "tamsin", "umber", "velden", "wexley", "yarrow",
]  # fmt: skip
WORDS = [
    "amber", "anchor", "basin", "beacon", "birch", "bridge", "canyon", "cedar", "cobalt", "coral",
    "delta", "ember", "falcon", "ferry", "garnet", "glacier", "harbor", "hazel", "island",
    "jasper", "lantern", "linden", "maple", "meadow", "nickel", "orchard", "pebble", "prairie",
    "quartz", "raven", "ridge", "river", "saddle", "sierra", "summit", "timber", "tundra",
    "valley", "willow", "zephyr",
]  # fmt: skip

"""Fields of lines: what is found in all lines at once is what is found in each alone."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spot_ingest.readers.proxylog.tokens import SPLITS, Lines

LINE = st.text(st.sampled_from("a\"' \t\\,\ré-x5c"), max_size=30)


@pytest.mark.parametrize(
    ("split", "line", "words"),
    [
        ("w3c", 'a  b\tc "d e" "f""g" h"i', ["a", "b", "c", '"d e"', '"f""g"', 'h"i']),
        ("w3c", '"a b', ['"a', "b"]),
        ("w3c", '"a" b"', ['"a"', 'b"']),
        ("quoted", 'a "b c" "" "d""e" f""g', ["a", "b c", "", 'd"e', 'f""g']),
        ("apache", r'a "b \"c\" d" "\\" "e\\\"" f', ["a", r"b \"c\" d", r"\\", r"e\\\"", "f"]),
        ("apache", r'a "b \" c', ["a", '"b', r"\"", "c"]),
        ("blanks", 'a "b  c"', ["a", '"b', 'c"']),
        ("tabs", "a\t\tb c\t", ["a", "", "b c", ""]),
        ("tabs", "a\r", ["a"]),
        ("tabs", "", []),
        ("commas", 'a,,"b,c","d""e",f\r', ["a", "", "b,c", 'd"e', "f"]),
        ("commas", ',"', ["", '"']),
        ("commas", "\r", []),
    ],
)
def test_a_line_is_cut_by_its_rule(split: str, line: str, words: list[str]):
    assert [word.decode() for word in SPLITS[split].words(line.encode())] == words


@pytest.mark.parametrize("name", SPLITS)
@given(st.lists(LINE, min_size=1, max_size=6))
def test_all_lines_at_once_have_the_fields_of_each_alone(name: str, texts: list[str]):
    split = SPLITS[name]
    found = Lines("".join(f"{text}\n" for text in texts).encode(), split)
    assert found.count == len(texts)
    for number, text in enumerate(texts):
        assert found.text(number) == text.encode()
        if found.irregular[number]:
            continue
        alone = split.words(text.encode())
        assert found.counts[number] == len(alone)
        places = range(len(alone))
        got = [found.column(np.array([number]), place)[0].as_py() for place in places]
        words = pa.array([word.decode() for word in alone], pa.string())
        assert got == split.values(words).to_pylist()


@pytest.mark.parametrize("name", SPLITS)
@given(text=st.text(st.sampled_from("ab=&?%<>|;'é"), min_size=1, max_size=12))
def test_ordinary_lines_are_regular(name: str, text: str):
    """Lines that are read one by one are slow: only odd ones may be."""
    separator = {"tabs": "\t", "commas": ","}.get(name, " ")
    quoted = f'"{text}"' if name not in ("blanks", "tabs") else text
    block = separator.join(["1", text, quoted, "-", quoted]) + "\n"
    assert not Lines(block.encode() * 3, SPLITS[name]).irregular.any()


def test_a_quote_that_is_not_closed_concerns_its_own_line_only():
    block = b'a "b c"\nd "e f\ng "h i"\nj "k\nl "m n"\n'
    assert Lines(block, SPLITS["w3c"]).irregular.tolist() == [False, True, False, True, False]
    assert Lines(block, SPLITS["w3c"]).counts.tolist()[::2] == [2, 2, 2]

"""The figures of one order, as a tree of numbers: the same tree for every data set."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spot_gen.measure.labels import Incident, SourceTruth
from spot_gen.measure.measures import Order, lift, precision, recall

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]
Tree = dict[str, Any]

#: Short figures beside those of a list: of all that is in its groups, and of the single records.
GROUPS, RECORDS = "groups", "records alone"


def figures(order: Order, source: SourceTruth, tops: Sequence[int]) -> Tree:
    """All figures of an order of one source.

    For all incidents, each family, each stealth level and each pair of them: records, incidents,
    and at each number of first rows precision, recall and incidents found.
    """
    malicious, count = source.malicious, len(source.incidents)
    first = order.first(source.incident, count)
    found = {top: order.found(source.incident, count, top) for top in tops}

    def group(chosen: Mask) -> Tree:
        mask = malicious & np.append(chosen, False)[source.incident]
        return {
            "records": int(mask.sum()),
            "incidents": int(chosen.sum()),
            "precision": {str(top): precision(order, mask, top) for top in tops},
            "recall": {str(top): recall(order, mask, top) for top in tops},
            "found": {str(top): float(found[top][chosen].sum()) for top in tops},
            "first_rank": summary(first[chosen]),
        }

    return {
        **grouped(source.incidents, group),
        "average_precision": order.average_precision(malicious),
        "roc_auc": order.roc_auc(malicious),
        "lift": {str(top): lift(order, malicious, top) for top in tops},
        "false_alarms": {
            str(top): min(top, order.listed) - order.rows(malicious, top) for top in tops
        },
        "lookalikes": {str(top): order.rows(~malicious, top) for top in tops},
        "lookalike_kinds": {
            kind: _lookalikes(order, source.lookalike == place, tops)
            for place, kind in enumerate(source.lookalikes)
        },
    }


def short(order: Order, source: SourceTruth, tops: Sequence[int]) -> Tree:
    """The figures by which an order is compared, without families and levels."""
    malicious, count = source.malicious, len(source.incidents)
    return {
        "average_precision": order.average_precision(malicious),
        "roc_auc": order.roc_auc(malicious),
        "precision": {str(top): precision(order, malicious, top) for top in tops},
        "found": {str(top): float(order.found(source.incident, count, top).sum()) for top in tops},
    }


def _lookalikes(order: Order, mask: Mask, tops: Sequence[int]) -> Tree:
    return {
        "records": int(mask.sum()),
        "top": {str(top): order.rows(mask, top) for top in tops},
    }


def joint_figures(incidents: Sequence[Incident], first: Floats, tops: Sequence[int]) -> Tree:
    """What can be said over several sources: incidents found and the ranks of their first records.

    ``first`` is the best rank that an incident has in any source, infinity where it has none.
    """

    def group(chosen: Mask) -> Tree:
        return {
            "incidents": int(chosen.sum()),
            "found": {str(top): float((first[chosen] <= top).sum()) for top in tops},
            "first_rank": summary(first[chosen]),
        }

    return grouped(incidents, group)


def grouped(incidents: Sequence[Incident], group: Callable[[Mask], Tree]) -> Tree:
    """The figures of all incidents, and below them those of families, levels and both."""
    family = np.array([incident.family for incident in incidents], object)
    level = np.array([incident.stealth for incident in incidents], np.int64)
    families = sorted(set(family.tolist()))
    return {
        **group(np.ones(len(incidents), bool)),
        "families": {name: group(family == name) for name in families},
        "levels": {str(n): group(level == n) for n in sorted(set(level.tolist()))},
        "cells": {
            name: {
                str(n): group((family == name) & (level == n))
                for n in sorted(set(level[family == name].tolist()))
            }
            for name in families
        },
    }


def summary(first: Floats) -> dict[str, float | None]:
    """Median and worst of first ranks; None where the incident at that place is not listed."""
    if not len(first):
        return {"median": None, "worst": None}
    middle = np.sort(first)[[(len(first) - 1) // 2, len(first) // 2]]
    return {"median": rank(float(middle.mean())), "worst": rank(float(first.max()))}


def rank(value: float) -> float | None:
    """A rank as a figure: None for one that is not listed."""
    return float(value) if np.isfinite(value) else None

"""Parameters of a fit and the rules that they follow."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from spot_common.errors import UsageError

#: A prior of -1 asks for the value that the optimizer recommends.
AUTOMATIC = -1.0
#: What the names of Spark's own optimizers begin with.
MLLIB = "mllib-"


@dataclass(frozen=True)
class Parameters:
    """What a fit needs beside the corpus, as it takes effect.

    ``alpha``: concentration of the topic mix of documents; ``beta``: of the words of topics;
    ``seed``: 64-bit whole number; ``legacy_batch``: the online optimizer sees about one
    document per iteration, as in the original; ``tolerance``: the EM fit ends where its
    log-likelihood changes by less than this share of itself (0: never); ``start``: ID of the stored
    model whose topics the EM fit starts from (empty: it starts anew).
    """

    optimizer: str = "em"
    topics: int = 20
    alpha: float = 1.02
    beta: float = 1.001
    iterations: int = 20
    seed: int = 1
    legacy_batch: bool = False
    tolerance: float = 0.0
    start: str = ""


@dataclass(frozen=True)
class _Rule:
    alpha: Callable[[int], float]
    beta: Callable[[int], float]
    alpha_above: float
    beta_above: float
    alpha_included: bool


_NONE = float("-inf")
_EM = _Rule(lambda topics: 50 / topics + 1, lambda topics: 1.1, 1.0, 1.0, alpha_included=False)
_ONLINE = _Rule(lambda topics: 1 / topics, lambda topics: 1 / topics, 0.0, _NONE, True)

_RULES = {"em": _EM, "online": _ONLINE, "mllib-em": _EM, "mllib-online": _ONLINE}

#: Names of the optimizers; those with ``mllib-`` are Spark's own, for comparison.
OPTIMIZERS = tuple(_RULES)


def effective(
    optimizer: str,
    topics: int,
    alpha: float,
    beta: float,
    iterations: int = 20,
    seed: int = 1,
    legacy_batch: bool = False,
    tolerance: float = 0.0,
) -> Parameters:
    """Check the parameters and put the optimizer's values in the place of -1.

    Raises UsageError for an unknown optimizer (names are lower case) or a value out of range.
    """
    if optimizer not in _RULES:
        raise UsageError(
            f"there is no LDA optimizer {optimizer!r}", hint=f"use one of: {', '.join(OPTIMIZERS)}"
        )
    if topics < 1:
        raise UsageError(f"the number of topics must be at least 1, not {topics}")
    if iterations < 0:
        raise UsageError(f"the number of iterations must be at least 0, not {iterations}")
    if not 0 <= tolerance < 1:
        raise UsageError(f"the tolerance must be at least 0 and below 1, not {tolerance:g}")
    rule = _RULES[optimizer]
    alpha = rule.alpha(topics) if alpha == AUTOMATIC else alpha
    beta = rule.beta(topics) if beta == AUTOMATIC else beta
    alpha_fits = alpha >= rule.alpha_above if rule.alpha_included else alpha > rule.alpha_above
    if not alpha_fits:
        bound = "at least" if rule.alpha_included else "above"
        raise UsageError(
            f"alpha must be {bound} {rule.alpha_above:g} for {optimizer}, not {alpha:g}",
            hint="set LDA_ALPHA, or -1 for the recommended value",
        )
    if not beta > rule.beta_above:
        raise UsageError(
            f"beta must be above {rule.beta_above:g} for {optimizer}, not {beta:g}",
            hint="set LDA_BETA, or -1 for the recommended value",
        )
    return Parameters(optimizer, topics, alpha, beta, iterations, seed, legacy_batch, tolerance)

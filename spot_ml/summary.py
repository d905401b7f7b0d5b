"""What a run says when it is done."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Summary:
    """Figures of one run: numbers of rows, the size of the model, how it was fitted.

    ``reasons`` counts records that were set aside, and remarks on used ones, by reason;
    ``unscored`` counts (document, word) pairs whose score is not a number; ``model`` is the ID of
    the stored model, empty where none is kept.
    """

    source: str
    input: str
    results_file: str
    rows: int
    clean: int
    invalid: int
    corrupt: int
    lost: int
    reasons: dict[str, int]
    feedback_rows: int
    feedback_skipped: int
    documents: int
    words: int
    pairs: int
    optimizer: str
    topics: int
    alpha: float
    beta: float
    iterations: int
    seed: int
    precision: int
    compatible: bool
    order: str
    log_likelihood: float
    unscored: int
    results: int
    model: str
    seconds: float

    def facts(self) -> dict[str, Any]:
        """All figures as plain values."""
        return asdict(self)

    def text(self) -> str:
        """A few lines for a person."""
        lines = [
            f"{self.source}: {self.rows} rows read, {self.clean} clean, {self.invalid} invalid, "
            f"{self.corrupt} corrupt" + (f", {self.lost} lost" if self.lost else ""),
            *(f"  {count} x {reason}" for reason, count in self.reasons.items()),
            f"model: {self.documents} addresses, {self.words} words, {self.pairs} pairs, "
            f"{self.topics} topics, {self.iterations} iterations ({self.optimizer}), "
            f"seed {self.seed}, log-likelihood {self.log_likelihood:.1f}",
            f"feedback: {self.feedback_rows} rows used, {self.feedback_skipped} lines skipped",
            f"results: {self.results} by {self.order} in {self.results_file}, {self.seconds:.1f} s",
            *([f"stored model: {self.model}"] if self.model else []),
        ]
        return "\n".join(lines)

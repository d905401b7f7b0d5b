"""What a run says when it is done."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from spot_ml.verdicts.record import Heard


@dataclass(frozen=True)
class Summary:
    """Figures of one run: numbers of rows, the size of the model, how it was fitted.

    ``reasons`` counts records that were set aside, and remarks on used ones, by reason;
    ``feedback_rows`` of the day were repeated in training, ``feedback_skipped`` of its lines not
    understood; ``feedback_reasons`` counts the lines of all days that were set aside, by reason;
    ``verdicts`` says what became of the others. ``unscored`` counts (document, word) pairs whose
    score is not a number; ``model`` is the ID of the stored model, empty where none is kept;
    ``shape`` how regular the day is, r of ``ranking.surprise``, in the default order.
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
    shape: float | None = None
    feedback_reasons: dict[str, int] = field(default_factory=dict)
    verdicts: Heard = field(default_factory=Heard)

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
            f"feedback: {self.feedback_rows} rows repeated in training, "
            f"{sum(self.feedback_reasons.values())} lines set aside",
            *(f"  {count} x {reason}" for reason, count in self.feedback_reasons.items()),
            *([self.verdicts.text()] if self.verdicts.effects else []),
            f"results: {self.results} by {self.order} in {self.results_file}, {self.seconds:.1f} s",
            *([f"stored model: {self.model}"] if self.model else []),
        ]
        return "\n".join(lines)

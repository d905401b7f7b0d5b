"""The original's score of new rows by a stored model."""

from __future__ import annotations

import numpy as np

from spot_ml.corpus import Corpus, ids_of
from spot_ml.lda.model import Model, model_of
from spot_ml.models.stored import Learned
from spot_ml.score import UNKNOWN, scores
from spot_ml.words.amended import plain


def original_scores(model: Learned, fresh: Corpus, precision: int) -> np.ndarray:
    """Score each pair of new rows: sum over the topics of mix x P(word | topic).

    A document that the model does not know has all topics alike; a word that it does not know
    has the score 0.
    """
    fitted = model_of(model.counts, precision)
    width = fitted.mix.shape[1]
    equal = np.full((1, width), 1.0 / width, fitted.mix.dtype)
    widened = Model(np.concatenate([fitted.mix, equal]), fitted.word_given_topic)
    document = ids_of(fresh.documents, model.corpus.documents, len(fitted.mix))
    word = ids_of(plain(fresh.words), model.corpus.words, UNKNOWN)
    return scores(widened, document[fresh.document], word[fresh.word])

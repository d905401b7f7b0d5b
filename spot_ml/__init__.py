"""Suspicious-connects machine learning: words, corpus, LDA, scores, results."""

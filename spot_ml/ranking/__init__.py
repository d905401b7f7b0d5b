"""The default order: how much more often a document shows a word than the rest of the day predicts."""

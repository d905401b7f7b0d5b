"""The default order: counts of words that the rest of the day does not predict come first."""

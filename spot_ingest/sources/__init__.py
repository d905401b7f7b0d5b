"""One module per source; each exports ``SOURCE``, which says all that ingest must know of it."""

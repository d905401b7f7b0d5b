"""The commands of ingest that are more than a few lines, one module each."""

"""Ingest: files of sensors become rows of the raw tables, each exactly once."""

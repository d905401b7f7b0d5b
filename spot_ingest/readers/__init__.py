"""Readers: bytes of one file to Arrow batches of the raw table's columns. They use no service."""

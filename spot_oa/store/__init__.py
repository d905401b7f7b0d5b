"""Analysts' work in the relational store: verdicts, and what of them waits to be published."""

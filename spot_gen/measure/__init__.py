"""Measures how good a ranking is: ranked results against the ground truth (B12).

``labels`` and ``results`` read, ``match`` brings them together, ``measures`` and ``baselines`` are
pure arithmetic over ranks, ``evaluate`` composes them, ``spread`` adds up over seeds, ``text`` and
``page`` write the report.
"""

"""How good the ranking is on labelled days: generated files to rows, to lists, to measures.

The parts know nothing of each other; this is where they meet. ``days`` reads a generated day,
``labelled`` real rows with a table of labels; ``orders`` ranks the rows of a day in every way;
``measure`` puts the ways beside each other by the measures of ``spot_gen.measure``.
"""

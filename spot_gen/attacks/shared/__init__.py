"""What families of scenarios need besides themselves, by idea.

``story``: words for what happened. ``choices``: parameters that must be one of a few, or not too
large. ``pace``: how things spread over time and connections. ``services``: what our machines answer
at ports. ``sites``: servers outside with names of their own. ``visits``: requests to them.
``agents``: what programs call themselves in those. ``wording``: texts that programs make up.
``carriers``: how data travel in DNS.
"""

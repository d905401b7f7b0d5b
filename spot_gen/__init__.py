"""The seeded, labelled traffic generator lives here; it is not needed at run time."""

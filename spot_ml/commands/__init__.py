"""The verbs of ``spot ml`` beside running it, a module each."""

"""The sources as OA sees them: one module each, exporting ``SOURCE``."""

"""Few files of a good size in place of many small ones, hour by hour, under the eyes of readers."""

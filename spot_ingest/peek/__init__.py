"""What stands in an input, as it is: single frames, flow records and lines, to be looked at."""

"""What is added to a suspicious row: pure functions of values, without any client."""

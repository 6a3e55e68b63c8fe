"""What the suites of tests, and the measurements, have in common."""

"""Benchmarks: each prints a table of medians and ratios and draws how the cost grows; none judges a wall clock."""

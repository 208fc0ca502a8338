"""Searches over the weight vectors of a problem, and over graphs: one algorithm per file."""

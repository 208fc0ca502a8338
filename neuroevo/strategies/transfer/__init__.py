"""Strategies that make one candidate to transfer, without evolution: the rivals of GTL."""

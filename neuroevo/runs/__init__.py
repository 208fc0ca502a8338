"""Runs on disk: what describes a run, what it wrote, and what it is resumed from.

`directory` is the folder of one run, `records` its append-only list of results, `checkpoint` the state to resume from,
and `locks` keep a second process out of the folder.
"""

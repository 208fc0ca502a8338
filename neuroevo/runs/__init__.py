"""Runs on disk: what a run was told, what it wrote, and where it can go on.

`directory` is the folder of one run, `records` its append-only list of results, `checkpoint` the state to resume from,
and `locks` keep a second process out of the folder.
"""

"""Runs on disk: what a run was told, what it wrote, and where it can go on.

`settings` merges flags, environment, file and defaults into one checked object, with `sources`
gathering the values, `rules` checking the ones that belong together and `spelling` naming the
nearest known word; `directory` is the folder of one run, `records` its append-only list of
results, and `checkpoint` the state to resume from.
"""

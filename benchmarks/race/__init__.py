"""The race of quality: how good results are after equal numbers of evaluations, here and in other libraries.

`challenges` says on what, `ours` and the modules `with_*` say who takes part, `suite` runs it and `page` writes down
what came out: `neuroevo bench race`, then `python -m neuroevo.benchmarks.race RUN`.
"""

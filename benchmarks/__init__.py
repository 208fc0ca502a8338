"""Benchmarks: comparisons of strategies and measurements of speed, one per file.

`transfer` compares what strategies hand on (with `contestant`, `summary`, `statistics` and `plots`); `instinct`,
`scaling`, `adaptation` and `ablation` run its cells with descendants in other conditions (`conditions`). `throughput`
measures how fast populations are run and trained, `overhead` what a generation costs beside evaluation, `scaleout`
what worker processes cost and bring (with `simulation`, of many more of them). `neuroevo bench` runs them and writes
their files. `peers` does the same work with other programs and by hand; it is run by itself.
"""

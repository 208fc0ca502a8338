"""Benchmarks: comparisons of strategies and measurements of speed, one per file.

`transfer` compares what strategies hand on (with `contestant`, `summary`, `statistics` and `plots`); `instinct`,
`scaling`, `adaptation` and `ablation` run its cells with descendants in other conditions (`conditions`). `throughput`
measures how fast populations are trained, `scaleout` what worker processes cost and bring (with `simulation`, of many
more of them). `neuroevo bench` runs them and writes their files.
"""

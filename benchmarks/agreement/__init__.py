"""Which cheap score of a circuit says what its descendants will reach?

    python -m neuroevo.benchmarks.agreement [--out DIR] [--folder IMAGES]

Many circuits of some pre-trained networks are scored by every candidate on one half of the held-out classes, and their
descendants are trained on the other half. What counts is how far a score ranks circuits as their descendants do
(Kendall's tau), and what it costs. Novel classes are not touched.
"""

"""The same work done by other libraries, side by side: `python -m neuroevo.benchmarks.peers`."""

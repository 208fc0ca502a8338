"""`python -m neuroevo.benchmarks.peers`."""

from neuroevo.benchmarks.peers.race import main

if __name__ == "__main__":
    main()

"""`python -m neuroevo.benchmarks.agreement`."""

from neuroevo.benchmarks.agreement.study import main

if __name__ == "__main__":
    main()

"""`python -m neuroevo` is the command line."""

from neuroevo.cli.main import main

if __name__ == "__main__":
    main()

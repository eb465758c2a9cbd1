"""`python -m s2sgraph` is the command `s2sgraph`."""

from s2sgraph.cli.main import main

if __name__ == "__main__":
    main()

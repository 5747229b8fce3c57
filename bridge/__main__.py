"""`python -m bridge` is `execution-officer`."""

from bridge.cli import main

if __name__ == "__main__":
    main()

"""`python -m bridge` is `mt5-bridge`."""

from bridge.cli import main

if __name__ == "__main__":
    main()

"""The ROUTERs, each run as a module in a process of its own."""

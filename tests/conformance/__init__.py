"""One suite, two terminals: the reference terminal, and the Expert Advisor built from its own source.

Each story runs on each of them against the same broker. What the Director was told and what the broker was asked
is recorded without times and tickets; the terminal that ends second is held to the other's recording, field by
field.
"""

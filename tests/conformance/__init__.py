"""One suite, two terminals: the reference terminal, and the Expert Advisor built from its own source.

A test about the life of orders runs on both against the same simulated broker. Events and requests are recorded
without times and tickets; the terminal that ends second is compared with the other's recording, field by field.
Rules that only the Expert Advisor has are tested on it alone, with expected values.
"""

"""The specification of an order's whole life: numbered cases, on both terminals where both have the behaviour.

In a case directives are issued, faults are set at the broker, and the events of the Director are compared with the
expected ones. After each case `check` (tests/rig/invariant.py) verifies that every order was sent at most once, and
that every deal is in the journal and was reported. The README beside this lists the cases.
"""

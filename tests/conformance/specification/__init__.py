"""The specification of an order's whole life: numbered cases, each told on both terminals.

A case is a story on the rig: directives are issued, the broker is scripted, and the Director is asked what it was
told. Whatever a case leaves out, `check` asks at its end (tests/rig/invariant.py): every order was sent at most
once, every deal is in the journal and was told. The README beside this lists the cases.
"""

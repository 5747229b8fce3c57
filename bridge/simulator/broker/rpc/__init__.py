"""Remote calls: the broker in a process of its own.

`calls` holds the messages and the table of calls, derived from the protocols in `api`; `server` answers calls,
`client` sends them.
"""

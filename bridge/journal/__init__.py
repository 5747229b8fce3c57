"""The journal: every directive, command, report and event, in one SQLite file.

Layers, from below: `database` (file, schema, audit), `tables` (all SQL), `steps` (the work of each transaction),
`operator` (an operator's orders) and `views` (reading), `journal` (the one writer). `Journal` has the steps,
`database.thread.JournalThread` runs them one after the other off the event loop.
"""

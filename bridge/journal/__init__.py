"""The journal: every directive, command, report and event, in one SQLite file.

`Journal` holds the steps, `JournalThread` runs them one after the other off the event loop, `reading` answers
people's questions.
"""

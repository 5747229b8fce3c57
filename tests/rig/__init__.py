"""The whole bridge as processes on this machine: a Director, a sidecar, terminals and their brokers.

`rig.Rig` starts them, issues directives, waits for events and kills what a test wants killed; `invariant.check`
says what must hold after every story. Nothing here sleeps: every wait is for a line of a log, an event at the
Director or the end of a process, and every wait has an end.
"""

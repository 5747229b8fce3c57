"""A thin reference terminal: the link protocol and the at-most-once promise, and nothing else.

It is for the demo on any machine, for tests, and for whoever writes another terminal. It has no trading rules of
its own: the trade request is built from the command's order as it is, the broker judges it, and a refusal of the
broker comes back as a `result` report with its return code. The Expert Advisor (mql5/) checks much more before it
sends.

Read in this order:

    process      socket, clock and signals around the terminal
    terminal     one instance: what happens for each message and at each timer call
    session      handshake, heartbeats, epochs      link_clock   the sidecar's clock, for deadlines
    outbox       reports, kept until acknowledged   broker_reports   records as reports
    ledger       the file that is written before each send
    send         a command, from the message to the result       request, targets   the trade request
    status       the reply to a status request, which never sends
    scan         orders, deals and positions as reports; watermark, history walk
    standing     account, connection and permissions
"""

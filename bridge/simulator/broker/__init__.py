"""The simulated broker: a trade server with an account, a market and injected faults.

See `docs/simulated-broker.md`. `broker` in this process, `rpc` in another one; `api` lists their calls.
"""

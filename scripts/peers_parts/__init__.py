"""Foreign ZeroMQ implementations, and what the Expert Advisor's ZMTP does with each."""

"""Small models of the protocol whose whole state space is explored."""

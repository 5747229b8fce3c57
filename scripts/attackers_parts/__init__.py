"""Parts of attackers.py."""

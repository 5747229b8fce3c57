"""Orders of an operator: halt, resume, flatten, resolve, rebind."""

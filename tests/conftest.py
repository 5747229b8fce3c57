"""What holds for all tests: the same examples in every run, and no clock that judges them."""

from hypothesis import settings

# Machines are shared and noisy, and a failure must come back when it is looked for.
settings.register_profile("bridge", deadline=None, derandomize=True, database=None, print_blob=True)
settings.load_profile("bridge")

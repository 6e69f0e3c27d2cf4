"""What all tests share."""

from hypothesis import settings

# Machines differ in speed and are shared: no example fails for having been slow.
settings.register_profile("house", deadline=None)
settings.load_profile("house")

"""Whether this is `make soak`, which tries many more examples than `make test` has time for.

A module of its own, because tests in every folder use it.
"""

import os
from typing import Final

SOAK: Final = os.environ.get("TAILBOARD_SOAK") == "1"

"""How our own processes are started: as modules of what is installed, and of nothing else.

Without `-P` the folder a person stands in comes first, and a checkout could put its own code in.
"""

import sys
from typing import Final

PYTHON: Final = (sys.executable, "-P")

"""The command that starts our own child processes.

Without `-P`, Python would search the current directory first, so that a checkout of another
project could run its code in our process.
"""

import sys
from typing import Final

PYTHON: Final = (sys.executable, "-P")

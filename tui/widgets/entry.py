"""A line to write in. Its cursor stands still: nothing on the screen moves by itself, and a program
that waits does nothing.
"""

from textual.reactive import reactive
from textual.widgets import Input


class Entry(Input):
    cursor_blink = reactive(False, init=False)

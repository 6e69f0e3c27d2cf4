"""How things are said to people, wherever that is: units, times, glyphs, and text that is safe."""

"""Files that grow: discovery, watching, whole lines, cursors. Knows no JSON."""

"""Screenshots of every screen with the demo's data, made by the program itself: `make
screenshots`.
"""

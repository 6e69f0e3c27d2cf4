"""Pictures of every screen on the demo's data, made by the program itself: `make screenshots`."""

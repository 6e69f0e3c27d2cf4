"""How the system ran, what is usual, what is complete, and what takes the room."""

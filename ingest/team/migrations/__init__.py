"""The schema of a team's store, as numbered SQL files. A released one is never changed."""

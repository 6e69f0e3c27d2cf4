"""Two weeks of recorded sessions, written and played as if they happened now.

`story` is the recorded data, `timeshift` moves it to another time and place, `repositories`
creates the git repositories of its projects, `writer` writes everything into one folder. Does not
import the rest of `ingest`, which reads the files like those of Codex.
"""

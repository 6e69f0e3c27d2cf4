"""A week of believable work, recorded, and told as if it happened now.

`story` is what was recorded, `shift` moves it to another time and place, `repositories` makes the
projects' git histories, `teller` writes it all into one folder. It knows nothing of the rest of the
house: what it writes is read as anybody's files are.
"""

"""What a person writes to narrow a list: words that must be there, `!words` that must not, and
`name:value` for the names a list knows. Pure; any text is a filter, none is an error.
"""

from collections.abc import Mapping, Sequence

from msgspec import Struct


class Filter(Struct, frozen=True):
    fields: Mapping[str, tuple[str, ...]] = {}
    """What is asked of each name; a value may be a list: `state:failed,dead`."""
    words: tuple[str, ...] = ()
    without: tuple[str, ...] = ()

    def first(self, name: str) -> str | None:
        return next(iter(self.fields.get(name, ())), None)

    def any_of(self, name: str) -> list[str] | None:
        """The values of a name for a statement; None where nothing is asked of it."""
        return list(self.fields.get(name, ())) or None


def parse(text: str, names: Sequence[str]) -> Filter:
    """The filter in a text. A name that the list does not know is a word like any other."""
    fields: dict[str, tuple[str, ...]] = {}
    words, without = [], []
    for word in text.lower().split():
        name, colon, value = word.partition(":")
        values = tuple(one for one in value.split(",") if one)
        if colon and name in names and values:
            fields[name] = (*fields.get(name, ()), *values)
        elif word.startswith("!") and len(word) > 1:
            without.append(word[1:])
        else:
            words.append(word)
    return Filter(fields, tuple(words), tuple(without))

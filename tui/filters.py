"""Filter texts as a person types them: words that must occur, `!word` for words that must not,
and `name:value` for the fields that a list defines. Pure. Any text is a valid filter.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence

from msgspec import Struct


class Filter(Struct, frozen=True):
    fields: Mapping[str, tuple[str, ...]] = {}
    """Requested values by field; a value may be a list: `state:failed,dead`."""
    words: tuple[str, ...] = ()
    without: tuple[str, ...] = ()

    def first(self, name: str) -> str | None:
        return next(iter(self.fields.get(name, ())), None)

    def any_of(self, name: str) -> list[str] | None:
        """The values of a field for a SQL query; None if the filter does not name the field."""
        return list(self.fields.get(name, ())) or None

    def matches(self, text: str) -> bool:
        text = text.lower()
        return all(word in text for word in self.words) and not any(
            word in text for word in self.without
        )


def parse(text: str, names: Collection[str] = ()) -> Filter:
    """The filter in a text. An unknown field name is an ordinary word."""
    fields: dict[str, tuple[str, ...]] = {}
    words, without = [], []
    for word in text.lower().split():
        name, colon, value = word.partition(":")
        values = tuple(part for part in value.split(",") if part)
        if colon and name in names and values:
            fields[name] = (*fields.get(name, ()), *values)
        elif word.startswith("!") and len(word) > 1:
            without.append(word[1:])
        else:
            words.append(word)
    return Filter(fields, tuple(words), tuple(without))


def completed(
    text: str, values: Mapping[str, Sequence[str]], words: Sequence[str]
) -> Iterator[str]:
    """What a filter may become: its last word is completed to a field, to a value of its field, or
    to one of the `words` of the list. The values of `""` are words, too; a field without values of
    its own takes the words of the list.
    """
    before, _, last = text.rpartition(" ")
    name, colon, value = last.lower().partition(":")
    if colon and name in values:
        offers = [f"{name}:{each}" for each in values[name] or words if each.startswith(value)]
    else:
        sign = "!" if last.startswith("!") else ""
        known = (*values.get("", ()), *(f"{field}:" for field in values if field), *words)
        wanted = name.removeprefix("!")
        offers = [sign + each for each in known if each.startswith(wanted)] if last else []
    start = f"{before} " if before else ""
    return (start + offer for offer in dict.fromkeys(offers) if offer != last)


def matches(text: str, words: str) -> bool:
    """Whether a text contains all words of a filter and none that it excludes."""
    return parse(words).matches(text)

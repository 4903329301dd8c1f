"""Where the fields of a protobuf in text format are, so that one of them can be edited."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

_TOKEN = re.compile(
    r"""(?P<blank>\s+|\#[^\n]*)|(?P<text>"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*')"""
    r"""|(?P<word>[\w.+-]+)|(?P<sign>[{}<>\[\]:;,/])"""
)
_CLOSING = {"{": "}", "<": ">"}


class SyntaxUnknown(Exception):
    """The text has a form that this reader does not know."""


@dataclass(frozen=True)
class Token:
    """A word, a quoted text or a sign, at `start` to `end` of the text."""

    kind: str
    text: str
    start: int
    end: int


@dataclass(frozen=True)
class Field:
    """A field of a message.

    Attributes:
        name: of the field.
        start: where the name begins.
        end: after its value, and a semicolon or comma that follows.
        value: the text of a scalar value, empty for a message.
        value_start: where the value begins.
        value_end: after the value; for a message, the position of its closing bracket.
        fields: of a message.
        in_list: whether the value is one of several in square brackets.
    """

    name: str
    start: int
    end: int
    value: str
    value_start: int
    value_end: int
    fields: tuple["Field", ...] = ()
    in_list: bool = False

    def named(self, name: str) -> list["Field"]:
        """Return the inner fields of this name."""
        return [field for field in self.fields if field.name == name]


def read_fields(text: str) -> tuple[Field, ...]:
    """Return the fields of a message.

    Raises:
        SyntaxUnknown: the text is not in text format, or in a form of it that is not known here.
    """
    return _Reader(text).fields(end=None)


class _Reader:
    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = [*_tokens(text), Token("end", "", len(text), len(text))]
        self._next = 0

    def fields(self, end: str | None) -> tuple[Field, ...]:
        """Read fields up to a closing bracket, or to the end of the text."""
        found: list[Field] = []
        while self._token.text != (end or "") or (end is None and self._token.kind != "end"):
            found += self._field()
        return tuple(found)

    @property
    def _token(self) -> Token:
        return self._tokens[self._next]

    def _take(self, *texts: str) -> Token | None:
        """Return the next token and go on, if it is one of these."""
        token = self._token
        if token.kind != "sign" or token.text not in texts:
            return None
        self._next += 1
        return token

    def _field(self) -> list[Field]:
        name = self._token
        if name.kind != "word":
            raise SyntaxUnknown(f"{name.text or 'the end'!r} where a field is expected")
        self._next += 1
        self._take(":")
        values = []
        in_list = self._take("[") is not None
        if in_list:
            while not self._take("]"):
                values.append(self._value())
                self._take(",")
        else:
            values.append(self._value())
        self._take(";", ",")
        end = self._tokens[self._next - 1].end
        return [Field(name.text, name.start, end, *each, in_list) for each in values]

    def _value(self) -> tuple[str, int, int, tuple[Field, ...]]:
        opening = self._take(*_CLOSING)
        if opening:
            closing = _CLOSING[opening.text]
            fields = self.fields(end=closing)
            closed = self._take(closing)
            return "", opening.end, closed.start if closed else opening.end, fields
        value = self._token
        if value.kind not in ("word", "text"):
            raise SyntaxUnknown(f"{value.text or 'the end'!r} where a value is expected")
        self._next += 1
        end = value.end
        while value.kind == "text" and self._token.kind == "text":  # Parts of one text.
            end = self._token.end
            self._next += 1
        return self._text[value.start : end], value.start, end, ()


def _tokens(text: str) -> Iterator[Token]:
    position = 0
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            raise SyntaxUnknown(f"{text[position]!r} where a field or a value is expected")
        position = match.end()
        if match.lastgroup != "blank":
            yield Token(str(match.lastgroup), match.group(), match.start(), match.end())

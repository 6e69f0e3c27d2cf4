"""Splits a command line into simple commands. Pure.

Not a shell: it splits at operators, respects quotes, skips redirections and the bodies of
here-documents, and parses the script of `bash -lc '…'` and the like. A command line that cannot be
split yields no commands.
"""

import re
from typing import Final

from msgspec import Struct

_TOKEN: Final = re.compile(
    r"""
      (?P<blank> (?:[ \t\r]|\\\n)+ | (?<![^\s;&|()]) \#[^\n]* )
    | (?P<here> \d*<<-?[ \t]*(?P<quote>['"]?)(?P<end>[A-Za-z_]\w*)(?P=quote) )
    | (?P<copied> (?:\d*[<>]&|&>>?\s*)(?:\d+|-)? )
    | (?P<redirect> \d*(?:<<<|>>|>\||[<>]) )
    | (?P<operator> \|\|?|&&|&|;;?|\n|[()] )
    | (?P<word> (?: [^\s'"\\`;&|()<>$] | \\. | '[^']*' | "(?:[^"\\]|\\.)*" | `[^`]*`
        | \$\([^()]*(?:\([^()]*\)[^()]*)*\) | \$\$? )+ )
    """,
    re.VERBOSE | re.DOTALL,
)
_QUOTES: Final = re.compile(r"""'([^']*)'|"((?:[^"\\]|\\.)*)"|\\(.)""", re.DOTALL)
_ASSIGNMENT: Final = re.compile(r"[A-Za-z_]\w*\+?=")
_TO_FILE: Final = (">", ">>", ">|", "1>", "1>>")
_JOINS: Final = {"|": "|", "&&": "&&", "||": "||"}
_SHELLS: Final = frozenset(
    ("bash", "sh", "zsh", "dash", "ksh", "fish", "pwsh", "powershell", "cmd")
)
_SCRIPT_FLAG: Final = re.compile(r"-[a-z]*c|-command|/c", re.IGNORECASE)
_WRAPPERS: Final = ("sudo", "time", "env", "nice", "nohup", "exec", "timeout", "command", "xargs")
_BLOCK_OPENERS: Final = ("then", "do", "else", "elif", "if", "while", "until", "!", "{")
_PREFIXES: Final = frozenset((*_WRAPPERS, *_BLOCK_OPENERS))
_BLOCK_CLOSERS: Final = frozenset(("done", "fi", "}", "esac"))
_OPTIONS_WITH_VALUE: Final = {
    "sudo": ("-u", "-g"),
    "env": ("-u", "-C"),
    "nice": ("-n",),
    "timeout": ("-k", "-s"),
    "xargs": ("-n", "-P", "-I", "-L", "-d", "-s", "-a", "-E"),
}
_MAX_NESTING: Final = 4


class SimpleCommand(Struct, frozen=True):
    """One simple command: its words, without quotes, assignments and wrappers such as `sudo`."""

    words: tuple[str, ...]
    join: str
    """The operator before it: `|`, `&&`, `||`, or `;` for anything else."""
    wrappers: tuple[str, ...] = ()
    """The wrappers that were removed, outermost first."""
    writes: bool = False
    """Whether its output goes to a file."""

    @property
    def program(self) -> str:
        """The program without folder and `.exe`; empty if the command only opens or closes a
        block.
        """
        name = re.split(r"[/\\]", self.words[0])[-1].lower() if self.words else ""
        return name.removesuffix(".exe")


def simple_commands(line: str, depth: int = 0) -> list[SimpleCommand]:
    """The simple commands of a command line, in order; none if it cannot be split."""
    commands: list[SimpleCommand] = []
    words: list[str] = []
    join, writes, target, delimiters = ";", False, "", list[str]()

    def close(next_join: str) -> None:
        nonlocal join, writes
        if words:
            commands.extend(_unwrap(SimpleCommand(tuple(words), join, writes=writes), depth))
            words.clear()
            join = next_join
        elif next_join != ";":
            join = next_join
        writes = False

    at = 0
    while at < len(line):
        token = _TOKEN.match(line, at)
        if token is None:
            return []
        at = token.end()
        match token.lastgroup:
            case "here":
                delimiters.append(token["end"])
            case "redirect":
                target = token[0]
            case "operator":
                close(_JOINS.get(token[0], ";"))
                if token[0] == "\n" and delimiters:
                    at = _skip_here_documents(line, at, delimiters)
            case "word":
                word = _QUOTES.sub(lambda part: part[1] or part[2] or part[3] or "", token[0])
                if target:
                    writes = writes or (target in _TO_FILE and word != "/dev/null")
                    target = ""
                else:
                    words.append(word)
    close(";")
    return commands


def _skip_here_documents(line: str, at: int, delimiters: list[str]) -> int:
    """The position after the bodies of these here-documents."""
    for delimiter in delimiters:
        match = re.compile(rf"^[ \t]*{delimiter}$", re.MULTILINE).search(line, at)
        at = match.end() if match else len(line)
    delimiters.clear()
    return at


def _unwrap(whole: SimpleCommand, depth: int) -> list[SimpleCommand]:
    """The command without its wrappers; for a shell, the commands of its script."""
    words, wrappers = list(whole.words), list[str]()
    while words:
        first = words[0].rsplit("/", 1)[-1]
        if _ASSIGNMENT.match(words[0]):
            del words[0]
        elif first in _PREFIXES and words[1:2] not in (["-v"], ["-V"]):
            wrappers.append(first)
            del words[0]
            _drop_options(first, words)
        else:
            break
    command = SimpleCommand(tuple(words), whole.join, tuple(wrappers), whole.writes)
    if not words or command.program in _BLOCK_CLOSERS:
        return []
    if command.program in _SHELLS and depth < _MAX_NESTING:
        flags = [i for i, word in enumerate(words) if _SCRIPT_FLAG.fullmatch(word)]
        script = "".join(words[flags[0] + 1 :][:1]) if flags else ""
        # If the script is empty or cannot be split, the shell itself is the command.
        if inner := simple_commands(script, depth + 1):
            joins = [command.join, *(inner_command.join for inner_command in inner[1:])]
            return [
                SimpleCommand(
                    inner_command.words,
                    join,
                    (*wrappers, *inner_command.wrappers),
                    inner_command.writes or command.writes,
                )
                for inner_command, join in zip(inner, joins, strict=True)
            ]
    return [command]


def _drop_options(wrapper: str, words: list[str]) -> None:
    """Remove a wrapper's own options, and the duration of `timeout`."""
    while words and words[0].startswith("-"):
        value = words[0] in _OPTIONS_WITH_VALUE.get(wrapper, ())
        del words[: 1 + value]
    if wrapper == "timeout" and words:
        del words[0]

"""What the rules look at: the repository's files, and C++ text with comments and literals blanked out."""

import dataclasses
import functools
import pathlib
import re
import subprocess

CODE_SUFFIXES = (".h", ".cc")


@dataclasses.dataclass(frozen=True)
class Violation:
    path: str
    line: int
    rule: str
    text: str
    warning: bool = False

    def __str__(self):
        kind = "warning: " if self.warning else ""
        return f"{self.path}:{self.line}: {self.rule}: {kind}{self.text}"


# In the order in which they must be tried: a raw string may hold quotes, a string may hold comment marks.
_TOKEN = re.compile(
    r'(?P<raw>R"(?P<mark>[^()\\\s]{0,16})\(.*?\)(?P=mark)")'
    r"|(?P<comment>//(?:\\\n|[^\n])*|/\*.*?\*/)"
    r'|(?P<string>"(?:\\.|[^"\\\n])*")'
    r"|(?<![0-9a-fA-F])(?P<char>'(?:\\.|[^'\\\n])+')",
    re.DOTALL,
)


def _blank(text):
    return re.sub(r"[^\n]", " ", text)


def strip_comments(text):
    """`text` with comments blanked; same length, same lines."""
    return _TOKEN.sub(lambda m: _blank(m.group()) if m.group("comment") else m.group(), text)


def strip_literals(text):
    """`text` with comments and the insides of literals blanked; same length, same lines."""

    def replace(match):
        token = match.group()
        if match.group("comment"):
            return _blank(token)
        return token[0] + _blank(token[1:-1]) + token[-1]

    return _TOKEN.sub(replace, text)


class Source:
    """One file. Everything is computed when first asked for."""

    def __init__(self, root, path):
        self.path = path  # from the root, with "/"
        self._file = root / path

    @functools.cached_property
    def text(self):
        return self._file.read_text(encoding="utf-8", errors="replace")

    @functools.cached_property
    def uncommented(self):
        return strip_comments(self.text)

    @functools.cached_property
    def code(self):
        return strip_literals(self.text)

    @property
    def folder(self):
        return self.path.rpartition("/")[0]

    @property
    def top(self):
        return self.path.partition("/")[0] if "/" in self.path else ""

    def line_of(self, offset):
        return self.text.count("\n", 0, offset) + 1

    def matches(self, pattern):
        """(line, match) for each place in the code, outside comments and literals."""
        return [(self.line_of(m.start()), m) for m in re.finditer(pattern, self.code)]


class Tree:
    """The files that git tracks or would track; in a folder without git, all but those under build/."""

    def __init__(self, root):
        self.root = pathlib.Path(root)
        self.sources = [Source(self.root, path) for path in self._list() if (self.root / path).is_file()]
        self.paths = {source.path for source in self.sources}

    def _list(self):
        if (self.root / ".git").exists():
            command = ["git", "-C", str(self.root), "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
            listed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
            return sorted(set(filter(None, listed.split("\0"))))
        files = (p.relative_to(self.root) for p in self.root.rglob("*") if p.is_file())
        return sorted(str(path) for path in files if path.parts[0] != "build")

    @property
    def code(self):
        return [source for source in self.sources if source.path.endswith(CODE_SUFFIXES)]

    @property
    def headers(self):
        return [source for source in self.sources if source.path.endswith(".h")]

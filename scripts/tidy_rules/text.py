"""What may stand in any text of the repository: explained TODOs, and nothing that only its authors' machine has."""

import re

from tidy_rules.tree import Violation

_TODO = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b(?!\([^)\s][^)]*\))")
_PRIVATE = re.compile(r"\.\./shared\b|(?<![\w.~}/-])/(?:work|root)/|\bissue #\d+", re.IGNORECASE)
# These name what they look for.
_EXEMPT = ("scripts/tidy_rules/", "tests/tidy/")
_BINARY = re.compile(r"\0")


def check(tree):
    for source in tree.sources:
        if source.path.startswith(_EXEMPT) or _BINARY.search(source.text[:4096]):
            continue
        for match in _TODO.finditer(source.text):
            yield Violation(
                source.path, source.line_of(match.start()), "todo",
                f"{match.group(1)} without a reason: do it now, or write {match.group(1)}(what it waits for)")
        for match in _PRIVATE.finditer(source.text):
            yield Violation(
                source.path, source.line_of(match.start()), "private-text",
                f"'{match.group()}' means nothing to a reader of this repository: say it without")

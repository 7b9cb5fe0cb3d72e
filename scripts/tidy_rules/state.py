"""No state that is not handed to a constructor: no mutable globals, static variables or singletons in the product."""

import re

from tidy_rules import layers, structure
from tidy_rules.tree import Violation

_NOT_A_VARIABLE = re.compile(
    r"(?:using|typedef|namespace|template|class|struct|enum|union|static_assert|friend|extern|concept|return)\b|\[\[")
# Not mutable state, or all that a signal handler can reach.
_FREE = re.compile(r"\b(?:const|constexpr|operator|sig_atomic_t)\b")
_STATIC = re.compile(r"\b(?:static|thread_local)\s+([^;{}()=]*)[;{=]")
_SINGLETON = re.compile(r"\bstatic\s+(?!const\b)[\w:<>]+\s*&\s*(?:get_|default_)?(?:instance|singleton|global)\s*\(\s*\)")

# (file, variable): why it may be.
ALLOWED = {
    ("node/cli/latium_main.cc", "interrupted"): "a signal handler can be handed nothing",
}

_REMEDY = "hand it to the constructors of those who need it"


def check(tree):
    for source in tree.code:
        if not layers.in_house(source.path):
            continue
        for statement in structure.parse(source.code)[1]:
            if statement.scope == "namespace" and _is_mutable_variable(statement.text):
                name = re.split(r"[={\[]", statement.text)[0].split()[-1]
                if (source.path, name) in ALLOWED:
                    continue
                yield Violation(source.path, source.line_of(statement.offset), "global-state", f"'{name}' is a global: {_REMEDY}")
        for line, match in source.matches(_STATIC):
            words = match.group(1)
            if not _FREE.search(words) and len(words.split()) > 1:
                name = words.split()[-1]
                yield Violation(source.path, line, "global-state", f"'{name}' is static and mutable: {_REMEDY}")
        for line, _ in source.matches(_SINGLETON):
            yield Violation(source.path, line, "global-state", f"a singleton: {_REMEDY}")


def _is_mutable_variable(text):
    if _NOT_A_VARIABLE.match(text) or re.match(r"(?:static|thread_local)\b", text):  # the latter have their own check
        return False
    head = re.split(r"[={(]", text, maxsplit=1)
    if _FREE.search(head[0]) or (len(head) > 1 and text[len(head[0])] == "("):
        return False
    return re.fullmatch(r"(?:inline\s+)?[\w:]+(?:\s*<.*>)?(?:::\w+)*[\s*&]+\w+\s*(?:\[[^\]]*\]\s*)*", head[0].strip(), re.DOTALL) is not None

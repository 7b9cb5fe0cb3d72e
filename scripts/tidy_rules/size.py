"""Files and functions that a reader can hold in mind."""

from tidy_rules import structure
from tidy_rules.tree import Violation

FILE_WARNING, FILE_LIMIT = 400, 600
FUNCTION_WARNING, FUNCTION_LIMIT = 70, 100
_MEASURED = (".h", ".cc", ".proto", ".py", ".sh", ".def", "CMakeLists.txt", ".cmake")


def check(tree):
    for source in tree.sources:
        if source.path.endswith(_MEASURED) or source.path.startswith(("scripts/", ".ci/")) and not source.path.endswith(".md"):
            lines = source.text.count("\n")
            if lines > FILE_WARNING:
                yield Violation(
                    source.path, 1, "file-size", f"{lines} lines ({FILE_LIMIT} is the end): split it by flow", lines <= FILE_LIMIT)
    for source in tree.code:
        for block in structure.parse(source.code)[0]:
            if block.kind != "function":
                continue
            first, last = source.line_of(block.start), source.line_of(block.end)
            lines = last - first + 1
            if lines > FUNCTION_WARNING:
                yield Violation(
                    source.path, first, "function-size", f"{lines} lines ({FUNCTION_LIMIT} is the end): name its steps",
                    lines <= FUNCTION_LIMIT)

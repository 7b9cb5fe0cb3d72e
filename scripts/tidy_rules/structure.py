"""A rough reading of C++: its blocks and its statements outside functions. Enough for sizes and for global variables."""

import dataclasses
import re


@dataclasses.dataclass
class Block:
    kind: str  # "namespace", "type", "function", "other" (a block in a function), "initializer" (part of a statement)
    header: str  # what stands before the brace
    start: int  # offsets of the braces
    end: int
    parens: int = 0  # how many parentheses were open around it


@dataclasses.dataclass
class Statement:
    scope: str  # the kind of the innermost block that is not "other"
    text: str
    offset: int  # of its first character


def _without_preprocessor(code):
    return re.sub(r"^[ \t]*#(?:\\\n|[^\n])*", lambda m: re.sub(r"[^\n]", " ", m.group()), code, flags=re.MULTILINE)


def _kind(header, parent):
    text = re.sub(r"^template\s*<.*?>\s*(?=class|struct|union|enum)", "", header.strip(), flags=re.DOTALL)
    if re.match(r'(?:inline\s+)?namespace\b|extern\s+"', text):
        return "namespace"
    if re.match(r"(?:typedef\s+)?(?:class|struct|union|enum)\b", text) and not re.search(r"\)\s*(?:const|noexcept|->|$)", text):
        return "type"
    if parent == "function":
        return "other"
    member_initializer = re.search(r"\)[^:]*:(?!:)", text) and re.search(r"[\w>]$", text)
    return "function" if "(" in text and not _assigns(text) and not member_initializer else "initializer"


def _assigns(text):
    """Whether a '=' stands outside parentheses and template arguments: an initializer, not a function."""
    text = re.sub(r"\boperator\s*[^\s\w(]+", "operator", text)
    depth = 0
    for char in text:
        depth += (char in "(<[") - (char in ")>]")
        if char == "=" and depth == 0:
            return True
    return False


def parse(code):
    """(blocks, statements) of `code`, which has its comments and literals blanked already."""
    code = _without_preprocessor(code)
    blocks, statements, stack = [], [], []
    parens, begin = 0, 0

    def scope():
        return next((b.kind for b in reversed(stack) if b.kind != "other"), "namespace")

    def keep(end):
        text = code[begin:end]
        if text.strip():
            statements.append(Statement(scope(), text.strip(), begin + len(text) - len(text.lstrip())))

    for offset, char in enumerate(code):
        if char in "([":
            parens += 1
        elif char in ")]":
            parens -= 1
        elif char == "{":
            in_expression = parens > 0 or (stack and stack[-1].kind == "initializer")
            header = code[begin:offset]
            kind = "initializer" if in_expression else _kind(header, scope())
            stack.append(Block(kind, header.strip(), offset, offset, parens))
            parens = 0
            if kind != "initializer":
                begin = offset + 1
        elif char == "}" and stack:
            block = stack.pop()
            block.end = offset
            parens = block.parens
            if block.kind != "initializer":
                blocks.append(block)
                begin = offset + 1
        elif char == ";" and parens == 0 and not (stack and stack[-1].kind == "initializer"):
            keep(offset)
            begin = offset + 1
        elif char == ":" and parens == 0 and re.search(r"\b(?:public|protected|private)\s*$", code[begin:offset]):
            begin = offset + 1
    return blocks, statements

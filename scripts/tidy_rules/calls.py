"""Calls that would make a node's behaviour depend on something that the Runtime does not hand in."""

import dataclasses
import re

from tidy_rules import layers
from tidy_rules.tree import Violation

_SEAMS = ("runtime/", "net/")
_TOOLS = ("tests/", "bench/", "fuzz/", "examples/")


@dataclasses.dataclass(frozen=True)
class Ban:
    rule: str
    pattern: str
    remedy: str
    homes: tuple = ()  # path prefixes where it is allowed
    tools: bool = False  # also allowed in tests, benchmarks, fuzzers and examples (but not in the simulator)


BANS = (
    Ban("clock", r"\w*_clock\s*::\s*now\b|\b(?:gettimeofday|clock_gettime)\s*\(|(?<![\w.>])(?:std::)?time\s*\(\s*(?:nullptr|NULL|0)\s*\)",
        "ask the Runtime's clock", _SEAMS, tools=True),
    Ban("random", r"\bstd\s*::\s*random_device\b|(?<![\w.>])(?:std::|::)?s?rand\s*\(|\bstd\s*::\s*mt19937\w*",
        "use the Runtime's seeded generator (base/random.h)", _SEAMS),
    Ban("thread", r"\bstd\s*::\s*j?thread\b(?!\s*::\s*(?:id|hardware_concurrency))|\bstd\s*::\s*async\b|\bpthread_create\b",
        "run it on the event loop or the Runtime's blocking pool", _SEAMS, tools=True),
    Ban("sleep", r"\bthis_thread\s*::\s*sleep_(?:for|until)\b|(?<![\w.>])(?:::)?(?:u|nano)?sleep\s*\(",
        "wait for the event itself; in a coroutine, for the Runtime's timer", _SEAMS + ("bench/", "examples/")),
    Ban("timer", r"\b(?:steady_timer|system_timer|high_resolution_timer|deadline_timer)\b",
        "use the Runtime's timers", _SEAMS + ("bench/", "examples/")),
    Ban("socket", r"(?<![\w>])::(?:socket|accept|connect|bind|listen)\s*\(|\btcp\s*::\s*(?:socket|acceptor|resolver)\b",
        "send through net/transport.h", _SEAMS, tools=True),
    Ban("detached", r"\bdetached\b|(?:(?:thread|worker)\w*|\))(?:\.|->)detach\s*\(\s*\)", "spawn through a TaskGroup that its owner joins"),
    Ban("getenv", r"\b(?:secure_)?getenv\b", "take it as an option; only node/*_main.cc reads the environment"),
    Ban("lock", r"\bstd\s*::\s*(?:\w*mutex|lock_guard|unique_lock|scoped_lock|shared_lock|condition_variable\w*)\b",
        "the event loop serialises protocol code: it needs no locks",
        ("base/", "runtime/", "net/", "store/", "node/", "include/"), tools=True),
)

# (rule, file): why it may.
ALLOWED = {
    ("thread", "store/commit_thread.h"): "the commit thread: fsyncs must not stop the event loop, nor wait in the pool's queue",
    ("thread", "store/commit_thread.cc"): "as its header",
    ("timer", "cmake/asio_pch.h"): "includes it for those who may",
    ("lock", "ring/tenant_catalog.h"): "reads that are served on the caller's thread look their tenant up",
    ("lock", "ring/tenant_catalog.cc"): "as its header",
    ("lock", "relational/committed_here.h"): "local reads of sessions are done on the caller's thread",
    ("lock", "relational/committed_here.cc"): "as its header",
    ("lock", "relational/schema_leases.h"): "as committed_here.h",
    ("lock", "relational/table_image.h"): "as committed_here.h",
    ("lock", "relational/table_image.cc"): "as its header",
    ("lock", "relational/table_images.h"): "as committed_here.h",
    ("lock", "relational/table_images.cc"): "as its header",
}


def check(tree):
    for source in tree.code:
        for ban in BANS:
            if not _allowed(ban, source.path):
                for line, match in source.matches(ban.pattern):
                    found = re.sub(r"\s+", "", match.group()).rstrip("(")
                    yield Violation(source.path, line, ban.rule, f"{found} is banned here: {ban.remedy}")


def _allowed(ban, path):
    if (ban.rule, path) in ALLOWED or path.startswith(ban.homes):
        return True
    if ban.rule == "getenv":
        return path.startswith("node/") and path.endswith("_main.cc")
    if ban.tools and path.startswith(_TOOLS):
        return not layers.in_house(path) or path.endswith("_main.cc")
    return False

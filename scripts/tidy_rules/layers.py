"""The house as the rules know it: which folder may see which. docs/architecture.md has the same table for people."""

# folder -> the folders whose headers it may include, besides its own and include/latium.
MAY_SEE = {
    "include": (),
    "base": (),
    "proto": (),
    "runtime": ("base",),
    "net": ("base", "runtime", "proto"),
    "store": ("base", "runtime", "proto"),
    "ring": ("base", "runtime", "proto", "net", "store"),
    "replication": ("base", "runtime", "proto", "net", "store", "ring"),
    "relational": ("base", "runtime", "proto", "replication"),
    "relational/sql": ("base", "runtime", "relational"),
    "node": ("base", "runtime", "proto", "net", "store", "ring", "replication", "relational", "relational/sql"),
}

# Headers of a folder that are its own business: the layers above use its seam instead. node/ puts the pieces together.
HIDDEN = {
    r"store/(rocks|commit|disk)": "store/engine.h",
    r"net/(tcp|tls|frame|handshake|connection)": "net/transport.h",
}
SEES_HIDDEN = ("node",)

# Folders that may include anything: they are outside the house.
OUTSIDE = ("tests", "bench", "fuzz", "examples")

# third-party include prefix -> (the folders or files that may use it, what to use instead)
THIRD_PARTY = {
    "rocksdb/": (("store/", "tests/", "bench/"), "use store/engine.h"),
    "spdlog/": (("base/log.cc",), "use base/log.h"),
    "re2/": (("relational/sql/",), "use REGEXP in SQL"),
    "sqlite3": (("relational/sql/", "tests/", "bench/"), "use relational/sql"),
    "prometheus/": (("node/", "tests/"), "metrics are exported by node/"),
    "CLI/": (("node/", "tests/", "bench/", "examples/", "cmake/"), "command lines belong to programs"),
    "toml++/": (("node/", "tests/", "bench/"), "configuration files are read by node/"),
    "openssl/": (("net/", "tests/", "bench/"), "TLS is the transport's business"),
    "xxhash": (("base/",), "use base/hash.h"),
}

# Sockets, TLS and whole-library includes of Asio; the rest of Asio (awaitable, post, co_spawn) is free.
ASIO_SOCKETS = r"boost/asio(\.hpp|/(ip|ssl|local|generic|posix|windows)/|/(ssl|read|write|connect|basic_\w*socket\w*)\w*\.hpp)"
ASIO_SOCKET_HOMES = ("net/", "runtime/", "tests/", "bench/", "fuzz/", "examples/", "include/latium/asio.h", "cmake/asio_pch.h")
# Racing two awaitables loses the loser's value, and the channels lose messages: runtime/ wraps what is safe of them.
ASIO_EXPERIMENTAL = r"boost/asio/experimental/"
ASIO_EXPERIMENTAL_HOMES = ("runtime/",)

# The public headers that may include Boost, because what they offer is made of it.
PUBLIC_WITH_BOOST = ("include/latium/asio.h", "include/latium/entity.h")


def layer_of(path):
    """The house's folder that `path` belongs to, or None outside it."""
    for folder in sorted(MAY_SEE, key=len, reverse=True):
        if path.startswith(folder + "/"):
            return folder
    return None


def in_house(path):
    """Whether the product's rules apply; the simulator counts, being a library that users link."""
    return layer_of(path) is not None or path.startswith("tests/sim/")

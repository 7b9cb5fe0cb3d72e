import support
from tidy_rules import includes

HEADERS = {
    "base/bytes.h": "#pragma once\n",
    "net/transport.h": "#pragma once\n",
    "net/tcp_transport.h": "#pragma once\n",
    "proto/kv.proto": "",
    "replication/kv.h": "#pragma once\n",
    "relational/session.h": "#pragma once\n",
    "relational/sql/plan.h": "#pragma once\n",
    "include/latium/error.h": "#pragma once\n",
    "tests/sim/world.h": "#pragma once\n",
}


class IncludesTest(support.RuleTest):
    group = includes

    def caught(self, rule, path, text):
        self.assert_caught(rule, path, 1, HEADERS | {path: text})

    def clean(self, path, text):
        self.assert_clean(HEADERS | {path: text})

    def test_a_folder_sees_only_lower_folders(self):
        self.caught("include-direction", "base/codec.cc", '#include "net/transport.h"\n')
        self.caught("include-direction", "store/rows.cc", '#include "net/transport.h"\n')
        self.clean("ring/swim.cc", '#include "base/bytes.h"\n#include "net/transport.h"\n#include "proto/kv.pb.h"\n')
        self.clean("base/error.cc", '#include "latium/error.h"\n')

    def test_relational_sees_copies_only_through_replication(self):
        self.caught("include-direction", "relational/commit.cc", '#include "net/transport.h"\n')
        self.caught("include-direction", "relational/rows.cc", '#include "relational/sql/plan.h"\n')
        self.caught("include-direction", "relational/sql/run.cc", '#include "replication/kv.h"\n')
        self.clean("relational/commit.cc", '#include "replication/kv.h"\n')
        self.clean("relational/sql/run.cc", '#include "relational/session.h"\n')

    def test_implementations_of_seams_are_hidden(self):
        self.caught("include-direction", "ring/swim.cc", '#include "net/tcp_transport.h"\n')
        self.clean("node/node.cc", '#include "net/tcp_transport.h"\n')
        self.clean("net/tcp_transport.cc", '#include "net/tcp_transport.h"\n')

    def test_the_house_does_not_need_its_tests(self):
        self.caught("include-direction", "node/node.cc", '#include "tests/sim/world.h"\n')
        self.clean("tests/node/node_test.cc", '#include "tests/sim/world.h"\n#include "net/transport.h"\n')

    def test_includes_are_written_from_the_root(self):
        self.caught("include-form", "base/codec.cc", '#include "bytes.h"\n')
        self.caught("include-form", "base/codec.cc", '#include "../base/bytes.h"\n')
        self.caught("include-form", "base/codec.cc", "#include <base/bytes.h>\n")
        self.caught("include-form", "store/rows.cc", '#include "zlib.h"\n')
        self.clean("examples/hello.cc", "#include <latium/error.h>\n")
        self.clean("base/codec.cc", '// #include "bytes.h"\n#include <vector>\n')

    def test_third_party_libraries_have_a_home(self):
        self.caught("third-party", "ring/swim.cc", "#include <rocksdb/db.h>\n")
        self.caught("third-party", "base/error.cc", "#include <spdlog/spdlog.h>\n")
        self.caught("third-party", "relational/rows.cc", "#include <sqlite3.h>\n")
        self.clean("store/engine.cc", "#include <rocksdb/db.h>\n")
        self.clean("base/log.cc", "#include <spdlog/spdlog.h>\n")
        self.clean("tests/store/engine_test.cc", "#include <rocksdb/db.h>\n")

    def test_sockets_are_for_the_network(self):
        self.caught("third-party", "replication/read.cc", "#include <boost/asio/ip/tcp.hpp>\n")
        self.caught("third-party", "replication/read.cc", "#include <boost/asio.hpp>\n")
        self.caught("third-party", "node/node.cc", "#include <boost/asio/ssl.hpp>\n")
        self.clean("net/tcp.cc", "#include <boost/asio/ip/tcp.hpp>\n")
        self.clean("node/latiumd_main.cc", "#include <boost/asio/signal_set.hpp>\n#include <boost/asio/ip/tcp.hpp>\n")
        self.clean("replication/read.cc", "#include <boost/asio/awaitable.hpp>\n")

    def test_experimental_asio_is_wrapped_by_runtime(self):
        self.caught("third-party", "net/rpc.cc", "#include <boost/asio/experimental/channel.hpp>\n")
        self.clean("runtime/deadline.cc", "#include <boost/asio/experimental/parallel_group.hpp>\n")

    def test_public_headers_need_only_the_standard_library(self):
        self.caught("public-header", "include/latium/store.h", "#include <boost/describe.hpp>\n")
        self.caught("public-header", "include/latium/store.h", "#include <sys/socket.h>\n")
        self.clean("include/latium/store.h", '#include <string>\n#include "latium/error.h"\n')
        self.clean("include/latium/entity.h", "#include <boost/describe.hpp>\n")

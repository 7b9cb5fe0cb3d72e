// Sessions on embedded nodes under load, for sessions_vs_mariadb.py: --nodes of one cluster in this process, over loopback, each
// row on all of them, and clients spread over the nodes. transaction_load.h has the load. Data goes to --directory.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "bench/transaction_load.h"
#include "latium/node.h"

namespace latium::bench {
namespace {

constexpr std::uint64_t kRowsASession = 500;
constexpr std::uint64_t kCacheBytes = 256ull << 20;  // as much as sessions_vs_mariadb.py gives to each server of MariaDB

[[noreturn]] void die(const Error& error) {
  std::fprintf(stderr, "session_load: %s\n", error.message.c_str());
  std::_Exit(1);
}

template <class T>
T or_die(Result<T> result) {
  if (!result) die(result.error());
  return *std::move(result);
}

Value key_of(std::uint64_t id) {
  return Value(static_cast<std::int64_t>(id));
}

class SessionClient final : public TransactionClient {
 public:
  SessionClient(Database database, SessionOptions options) : database_(std::move(database)), options_(options) {}

  std::uint64_t mixed(const std::array<std::uint64_t, 5>& rows, const std::string& value) override {
    return transact([&](Session& session) -> Result<void> {
      for (std::size_t i = 0; i < 3; ++i) {
        LATIUM_TRY(const auto row, session.get("rows", {key_of(rows[i])}));
        if (!row) return std::unexpected(Error(ErrorCode::not_found, Certainty::not_applied, "a row is missing"));
      }
      LATIUM_CHECKED(session.update("rows", {.values = {key_of(rows[3]), Value(value)}}));
      return session.update("rows", {.values = {key_of(rows[4]), Value(value)}});
    });
  }

  std::uint64_t increment(std::uint64_t counter) override {
    return transact([&](Session& session) -> Result<void> {
      LATIUM_TRY(auto row, session.get("counters", {key_of(counter)}));
      if (!row) return std::unexpected(Error(ErrorCode::not_found, Certainty::not_applied, "a counter is missing"));
      row->values[1] = Value(row->values[1].get<std::int64_t>() + 1);
      return session.update("counters", *std::move(row));
    });
  }

 private:
  template <class Work>
  std::uint64_t transact(Work work) {
    std::uint64_t begun = 0;
    const auto done = database_.transact(
        [&](Session& session) {
          ++begun;
          return work(session);
        },
        options_);
    if (!done) die(done.error());
    return begun;
  }

  Database database_;
  SessionOptions options_;
};

void fill(Database& database, const std::string& table, std::uint64_t rows, const Value& value) {
  or_die(database.create_table({.name = table,
                                .columns = {{.name = "id", .type = ValueType::integer}, {.name = "value", .type = value.type()}},
                                .primary_key = {"id"}}));
  for (std::uint64_t first = 0; first < rows; first += kRowsASession) {
    const auto done = database.transact([&](Session& session) -> Result<void> {
      for (std::uint64_t id = first; id < first + kRowsASession; ++id) {
        LATIUM_CHECKED(session.add(table, {.values = {key_of(id), value}}));
      }
      return {};
    });
    if (!done) die(done.error());
  }
}

std::int64_t total(Database& database) {
  std::int64_t sum = 0;
  Session session = database.session({.reads = Consistency::quorum});
  RowRange range;
  while (true) {
    const RowPage page = or_die(session.find("counters", "", range));
    for (const Row& row : page.rows) sum += row.values[1].get<std::int64_t>();
    if (!page.more) return sum;
    range.low = KeyBound{page.rows.back().values[0], false};
  }
}

int run(const std::string& directory, int nodes, SessionOptions options) {
  std::vector<Node> cluster;
  for (int i = 0; i < nodes; ++i) {
    NodeOptions node{.data_dir = directory + "/node" + std::to_string(i),
                     .site = "bench",
                     .bootstrap = i == 0,
                     .listen = nodes > 1 ? "127.0.0.1:0" : "",
                     .block_cache_bytes = kCacheBytes,
                     .log = {.level = "warn"}};
    if (i > 0) node.seeds = {cluster.front().status().listen};
    cluster.push_back(or_die(Node::open(std::move(node))));
  }
  or_die(cluster.front().create_tenant("t", {.placement = "bench:" + std::to_string(nodes)}));
  std::vector<Database> databases;
  for (Node& node : cluster) databases.push_back(or_die(node.database("t")));
  fill(databases.front(), "rows", kRows, Value(std::string(kValueBytes, 'v')));
  fill(databases.front(), "counters", kCounters, Value(std::int64_t{0}));
  const TransactionSystem system{
      .name = "session_load",
      .connect =
          [&](std::size_t number) { return std::make_unique<SessionClient>(databases[number % databases.size()], options); },
      .total = [&] { return total(databases.front()); }};
  const int status = serve_load(system);
  for (Node& node : cluster) {
    if (const auto stopped = node.stop(); !stopped) die(stopped.error());
  }
  return status;
}

}  // namespace
}  // namespace latium::bench

int main(int argc, char** argv) {
  CLI::App app("sessions on embedded nodes under load");
  std::string directory;
  int nodes = 3;
  bool read_committed = false;
  app.add_option("--directory", directory)->required();
  app.add_option("--nodes", nodes)->check(CLI::Range(1, 9));
  app.add_flag("--read-committed", read_committed);
  CLI11_PARSE(app, argc, argv);
  return latium::bench::run(directory, nodes, {.serializable = !read_committed, .timeout = std::chrono::seconds(60)});
}

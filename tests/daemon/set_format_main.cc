// set_format DATA_DIR VERSION: makes the directory of a node that does not run say that it is of another disk format. For tests
// of what latiumd does with the data of newer software.
#include <cstdio>
#include <string>
#include <string_view>

#include "store/format.h"
#include "store/rocks_database.h"

namespace {

int failed(std::string_view message) {
  std::fprintf(stderr, "set_format: %.*s\n", static_cast<int>(message.size()), message.data());
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) return failed("give DATA_DIR VERSION");
  latium::RocksOptions options;
  options.directory = std::string(argv[1]) + "/db";
  options.completion_executor = [](std::move_only_function<void()> closure) { closure(); };
  // Below the engine, which refuses what is newer.
  auto database = latium::internal::open_rocks_database(options);
  if (!database) return failed(database.error().message);
  rocksdb::WriteOptions synced;
  synced.sync = true;
  const rocksdb::Status written = database->db->Put(synced, database->families[static_cast<std::size_t>(latium::Family::system)],
                                                    rocksdb::Slice(latium::kFormatKey),
                                                    latium::encode_format(static_cast<std::uint32_t>(std::stoul(argv[2]))));
  if (!written.ok()) return failed(written.ToString());
  if (const rocksdb::Status closed = database->close(); !closed.ok()) return failed(closed.ToString());
  return 0;
}

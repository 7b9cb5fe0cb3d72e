// The same calls as awaitables, on the program's own io_context: the node's thread does the work, yours is never blocked.
#include <latium/asio.h>
#include <latium/latium.h>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cstdio>
#include <exception>

namespace {

using boost::asio::use_awaitable;

boost::asio::awaitable<int> work(latium::Bucket bucket) {
  auto put = co_await latium::async_put(bucket, "vm-1", "compute-7", {}, use_awaitable);
  if (!put) co_return latium::exit_status(put.error().code);
  auto found = co_await latium::async_get(bucket, "vm-1", use_awaitable);
  if (!found || !*found) co_return 1;
  std::printf("vm-1 runs on %s\n", (*found)->value.c_str());
  co_return 0;
}

}  // namespace

int main(int argc, char** argv) {
  auto node = latium::Node::open({.data_dir = argc > 1 ? argv[1] : "embed-data", .site = "rennes", .bootstrap = true});
  if (!node) return std::fprintf(stderr, "%s\n", node.error().message.c_str()), 1;
  if (auto created = node->create_tenant("acme"); !created && created.error().code != latium::ErrorCode::already_exists) {
    return std::fprintf(stderr, "%s\n", created.error().message.c_str()), 1;
  }
  auto bucket = node->bucket("acme", "hosts");
  if (!bucket) return std::fprintf(stderr, "%s\n", bucket.error().message.c_str()), 1;

  int status = 1;
  boost::asio::io_context context;
  boost::asio::co_spawn(context, work(*bucket), [&status](std::exception_ptr, int result) { status = result; });
  context.run();
  return status;
}

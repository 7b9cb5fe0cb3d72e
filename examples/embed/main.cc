// A controller that keeps its state in a Latium node of its own: no server, no configuration file.
#include <latium/latium.h>
#include <cstdio>

namespace {

int report(const latium::Error& error) {
  std::fprintf(stderr, "%s\n", error.message.c_str());
  return latium::exit_status(error.code);
}

}  // namespace

int main(int argc, char** argv) {
  auto node = latium::Node::open({.data_dir = argc > 1 ? argv[1] : "embed-data", .site = "rennes", .bootstrap = true});
  if (!node) return report(node.error());

  if (auto created = node->create_tenant("acme"); !created && created.error().code != latium::ErrorCode::already_exists) {
    return report(created.error());
  }
  auto instances = node->bucket("acme", "instances");
  if (!instances) return report(instances.error());

  // Durable when it returns: on the disk, the sync shared with every other writer.
  if (auto put = instances->put("vm-1", R"({"host":"compute-7","vcpus":4})"); !put) return report(put.error());
  if (auto put = instances->put("vm-2", R"({"host":"compute-9","vcpus":2})"); !put) return report(put.error());

  auto found = instances->get("vm-1");
  if (!found) return report(found.error());
  std::printf("vm-1 is %s\n", *found ? (*found)->value.c_str() : "not there");

  auto page = instances->scan({.prefix = "vm-"});
  if (!page) return report(page.error());
  for (const latium::Entry& entry : page->entries) std::printf("%s = %s\n", entry.key.c_str(), entry.value.c_str());

  if (auto removed = instances->remove("vm-2"); !removed) return report(removed.error());
  auto stopped = node->stop();
  return stopped ? 0 : report(stopped.error());
}

// Links the installed library: wrong include directories, missing archives and missing dependencies all end here.
#include <latium/latium.h>

#include <filesystem>
#include <iostream>

int main() {
  const auto directory = std::filesystem::current_path() / "consumer-data";
  std::filesystem::remove_all(directory);
  auto node = latium::Node::open({.data_dir = directory, .site = "rennes", .bootstrap = true});
  if (!node || !node->create_tenant("acme")) return 1;
  auto lock = node->lock("acme", "l");
  auto registers = node->registers("acme");
  if (!lock || !registers || !registers->cas("k", latium::Expected::absent(), std::to_string(lock->token()))) return 1;
  const auto found = registers->get("k");
  std::cout << found->value.value_or("nothing") << '\n';
  return lock->release() && found->value == "1" ? 0 : 1;
}

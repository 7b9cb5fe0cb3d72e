// Many controllers, one at work: a lock says whose turn it is, a register says how far the work has come. Run several at once.
#include <latium/latium.h>
#include <cstdio>
#include <string>

namespace {

int report(const latium::Error& error) {
  std::fprintf(stderr, "%s\n", error.message.c_str());
  return latium::exit_status(error.code);
}

// One step, for the holder of the lock. The register is changed only if it is still as read: a holder whose lease ran out while
// it slept changes nothing that another has gone on with.
latium::Result<std::uint64_t> take_step(latium::TenantRegisters& registers, std::uint64_t token) {
  auto progress = registers.get("progress");
  if (!progress) return std::unexpected(progress.error());
  const std::string next = "step by the holder of token " + std::to_string(token);
  auto changed = registers.cas("progress", latium::Expected::in_version(progress->version), next);
  if (!changed) return std::unexpected(changed.error());
  if (!changed->applied) return std::unexpected(latium::Error(latium::ErrorCode::conflict, "another has taken over"));
  return changed->version;
}

}  // namespace

int main(int argc, char** argv) {
  latium::NodeOptions options{.data_dir = argc > 1 ? argv[1] : "embed-data", .site = "rennes", .bootstrap = true};
  if (argc > 3) {  // DATA_DIR SEED LISTEN: one more node of the cluster that SEED is in
    options.bootstrap = false;
    options.seeds = {argv[2]};
    options.listen = argv[3];
  }
  auto node = latium::Node::open(options);
  if (!node) return report(node.error());
  if (auto created = node->create_tenant("acme"); !created && created.error().code != latium::ErrorCode::already_exists) {
    return report(created.error());
  }
  auto registers = node->registers("acme");
  if (!registers) return report(registers.error());

  auto lock = node->lock("acme", "migration", {.lease = std::chrono::seconds(10), .wait = std::chrono::minutes(1)});
  if (!lock) return report(lock.error());
  auto step = take_step(*registers, lock->token());
  if (!step) return report(step.error());
  std::printf("token %llu: the register is in version %llu\n", static_cast<unsigned long long>(lock->token()),
              static_cast<unsigned long long>(*step));
  auto released = lock->release();  // the destructor does it too, in the background
  return released ? 0 : report(released.error());
}

// What the key/value workloads ask of a store, and how they are bound to one.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "runtime/task.h"
#include "tests/sim/sim_host.h"

namespace latium::sim {

/// One client's view of a store. Each call is bounded in time by itself; its error's certainty says whether it may have had
/// an effect. Calls of one client come one after the other, and each key is written by one client only: a later call of that
/// client must win over an earlier one, whatever becomes of the earlier one's messages.
class KvClient {
 public:
  virtual ~KvClient() = default;
  virtual Task<void> put(Bytes key, Bytes value) = 0;
  virtual Task<std::optional<Bytes>> get(Bytes key) = 0;
  virtual Task<void> remove(Bytes key) = 0;
  /// Every key with this prefix, in order.
  virtual Task<std::vector<std::pair<Bytes, Bytes>>> scan(Bytes prefix) = 0;
};

/// A store under test.
struct KvBinding {
  std::size_t servers = 1;
  /// Its requests rely on what TCP gives: none arrives twice. One that ended with an unknown outcome may still take effect
  /// after later ones. Otherwise the store tells old copies from new by itself, and the network doubles at will.
  bool relies_on_tcp = false;
  /// The process of server `number`; it listens on `addresses[number]`.
  std::function<std::unique_ptr<Process>(NodeSeams, std::size_t number, std::vector<Address> addresses)> server;
  /// A client in a process of its own.
  std::function<std::unique_ptr<KvClient>(NodeSeams, std::vector<Address> addresses)> client;
};

}  // namespace latium::sim

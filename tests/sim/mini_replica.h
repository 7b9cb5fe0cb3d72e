// MiniReplica: the least store that keeps its word: one server, durable before it answers. The workloads' own test subject,
// also with known bugs in it.
#pragma once

#include <deque>
#include <memory>

#include "runtime/sync.h"
#include "runtime/task_group.h"
#include "tests/sim/kv_client.h"

namespace latium::sim {

/// Bugs that a workload must find.
enum class MiniReplicaBug {
  none,
  answer_before_sync,  ///< a power cut loses acknowledged writes
  forget_versions,     ///< a late copy of an old request overwrites a newer value
  forget_tombstones,   ///< removing drops the version too: a late copy of an old put brings the key back
};

/// Format of a value: u8 present, u64 version, bytes.
class MiniReplica final : public Process, public RequestHandler {
 public:
  MiniReplica(NodeSeams seams, Address address, MiniReplicaBug bug);
  void handle(IncomingRequest request) override;
  Task<void> stop() override;

 private:
  struct Stored {
    bool present = false;
    std::uint64_t version = 0;
    Bytes value;
  };

  Task<void> serve(IncomingRequest request);
  Task<Bytes> answer(Method method, Bytes payload);
  Task<Bytes> change(Bytes key, Stored wanted);
  Task<Bytes> get(Bytes key);
  Task<Bytes> scan(Bytes prefix);
  Task<std::optional<Stored>> load(Bytes key);
  static Bytes encode(const Stored& stored);
  static Result<Stored> decode(BytesView bytes);

  NodeSeams seams_;
  MiniReplicaBug bug_;
  std::deque<Semaphore> locks_;  // by hash of the key: comparing versions and writing is one step
  TaskGroup tasks_;
};

/// One mini replica and its clients.
KvBinding mini_binding(MiniReplicaBug bug = MiniReplicaBug::none);

}  // namespace latium::sim

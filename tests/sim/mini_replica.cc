#include "tests/sim/mini_replica.h"

#include <utility>

#include "base/hash.h"
#include "base/varint.h"
#include "runtime/offload.h"
#include "store/async_engine.h"

namespace latium::sim {

namespace {

constexpr Method kPut = 1;
constexpr Method kGet = 2;
constexpr Method kRemove = 3;
constexpr Method kScan = 4;
constexpr std::size_t kLocks = 8;
constexpr std::size_t kTasks = 256;
constexpr Duration kCallTimeout = std::chrono::seconds(2);

using Pairs = std::vector<std::pair<Bytes, Bytes>>;

/// Numbers its writes, so that the replica can tell old from new.
class MiniClient final : public KvClient {
 public:
  MiniClient(NodeSeams seams, Address server) : seams_(seams), server_(std::move(server)) {}

  Task<void> put(Bytes key, Bytes value) override {
    Bytes request;
    put_varint(request, ++version_);
    put_length_prefixed(request, key);
    put_length_prefixed(request, value);
    LATIUM_CO_CHECKED(co_await call(kPut, std::move(request)));
    co_return Result<void>();
  }

  Task<void> remove(Bytes key) override {
    Bytes request;
    put_varint(request, ++version_);
    put_length_prefixed(request, key);
    LATIUM_CO_CHECKED(co_await call(kRemove, std::move(request)));
    co_return Result<void>();
  }

  Task<std::optional<Bytes>> get(Bytes key) override {
    LATIUM_CO_TRY(const Bytes answer, co_await call(kGet, std::move(key)));
    if (answer.empty() || answer[0] == 0) co_return std::nullopt;
    co_return answer.substr(1);
  }

  Task<Pairs> scan(Bytes prefix) override {
    LATIUM_CO_TRY(const Bytes answer, co_await call(kScan, std::move(prefix)));
    Pairs pairs;
    BytesView rest = answer;
    while (!rest.empty()) {
      LATIUM_CO_TRY(const BytesView key, take_length_prefixed(rest));
      LATIUM_CO_TRY(const BytesView value, take_length_prefixed(rest));
      pairs.emplace_back(key, value);
    }
    co_return pairs;
  }

 private:
  Task<Bytes> call(Method method, Bytes request) {
    const CallOptions options{saturating_add(seams_.runtime.clock.monotonic_now(), kCallTimeout)};
    co_return co_await seams_.transport.call(server_, method, std::move(request), options);
  }

  NodeSeams seams_;
  Address server_;
  std::uint64_t version_ = 0;
};

}  // namespace

MiniReplica::MiniReplica(NodeSeams seams, Address address, MiniReplicaBug bug)
    : seams_(seams), bug_(bug), tasks_(seams.runtime.executor, kTasks) {
  for (std::size_t i = 0; i < kLocks; ++i) locks_.emplace_back(1, kTasks);
  const auto listening = seams_.transport.listen(address, *this);
  LATIUM_CHECK(listening.has_value(), "the address is free");
}

void MiniReplica::handle(IncomingRequest request) {
  if (tasks_.size() >= kTasks) {
    std::move(request).respond(fail(ErrorCode::overloaded, "too many requests at once: retry with backoff"));
    return;
  }
  // Refused only while stopping; the request then goes unanswered, as its connection is about to close.
  (void)tasks_.spawn(serve(std::move(request))).has_value();
}

Task<void> MiniReplica::serve(IncomingRequest request) {
  const Method method = request.method();
  Result<Bytes> response = co_await answer(method, request.take_payload());
  std::move(request).respond(std::move(response));
  co_return Result<void>();
}

Task<Bytes> MiniReplica::answer(Method method, Bytes payload) {
  if (method == kGet) co_return co_await get(std::move(payload));
  if (method == kScan) co_return co_await scan(std::move(payload));
  BytesView rest = payload;
  Stored wanted;
  LATIUM_CO_TRY(wanted.version, take_varint(rest));
  LATIUM_CO_TRY(const BytesView key, take_length_prefixed(rest));
  if (method == kPut) {
    LATIUM_CO_TRY(const BytesView value, take_length_prefixed(rest));
    wanted.present = true;
    wanted.value = value;
  }
  co_return co_await change(Bytes(key), std::move(wanted));
}

Task<Bytes> MiniReplica::change(Bytes key, Stored wanted) {
  LATIUM_CO_TRY(const Permit permit, co_await locks_[xxh3_64(key) % kLocks].acquire());
  LATIUM_CO_TRY(const std::optional<Stored> stored, co_await load(key));
  if (bug_ != MiniReplicaBug::forget_versions && stored && stored->version >= wanted.version) co_return Bytes();
  WriteBatch batch;
  if (bug_ == MiniReplicaBug::forget_tombstones && !wanted.present) {
    batch.remove(Family::data, key);
  } else {
    batch.put(Family::data, key, encode(wanted));
  }
  const auto durability = bug_ == MiniReplicaBug::answer_before_sync ? Durability::buffered : Durability::sync;
  LATIUM_CO_CHECKED(co_await write(seams_.runtime, seams_.engine, std::move(batch), durability));
  co_return Bytes();
}

Task<Bytes> MiniReplica::get(Bytes key) {
  LATIUM_CO_TRY(const std::optional<Stored> stored, co_await load(std::move(key)));
  if (!stored || !stored->present) co_return Bytes(1, '\0');
  co_return Bytes(1, '\1') + stored->value;
}

Task<Bytes> MiniReplica::scan(Bytes prefix) {
  Engine& engine = seams_.engine;
  co_return co_await offload<Bytes>(seams_.runtime, [&engine, prefix = std::move(prefix)]() -> Result<Bytes> {
    LATIUM_TRY(const auto cursor, engine.scan(Family::data, KeyRange::prefix(prefix)));
    Bytes out;
    for (; cursor->valid(); cursor->next()) {
      LATIUM_TRY(const Stored stored, decode(cursor->value()));
      if (!stored.present) continue;
      put_length_prefixed(out, cursor->key());
      put_length_prefixed(out, stored.value);
    }
    LATIUM_CHECKED(cursor->status());
    return out;
  });
}

Task<std::optional<MiniReplica::Stored>> MiniReplica::load(Bytes key) {
  LATIUM_CO_TRY(const ReadResult found, co_await read(seams_.runtime, seams_.engine, Family::data, std::move(key)));
  if (found.presence != Presence::found) co_return std::nullopt;
  LATIUM_CO_TRY(Stored stored, decode(found.value));
  co_return stored;
}

Bytes MiniReplica::encode(const Stored& stored) {
  Bytes out(1, stored.present ? '\1' : '\0');
  put_u64(out, stored.version);
  return out + stored.value;
}

Result<MiniReplica::Stored> MiniReplica::decode(BytesView bytes) {
  if (bytes.size() < 9) return fail(ErrorCode::corruption, "a stored value is cut short");
  return Stored{bytes[0] != 0, get_u64(bytes.data() + 1), Bytes(bytes.substr(9))};
}

Task<void> MiniReplica::stop() {
  tasks_.cancel();
  LATIUM_CO_CHECKED(co_await seams_.transport.stop());
  co_return co_await tasks_.join();
}

KvBinding mini_binding(MiniReplicaBug bug) {
  KvBinding binding;
  binding.server = [bug](NodeSeams seams, std::size_t number, std::vector<Address> addresses) {
    return std::make_unique<MiniReplica>(seams, addresses[number], bug);
  };
  binding.client = [](NodeSeams seams, std::vector<Address> addresses) {
    return std::make_unique<MiniClient>(seams, addresses.front());
  };
  return binding;
}

}  // namespace latium::sim

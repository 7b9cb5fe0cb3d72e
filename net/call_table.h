// CallTable: the calls to one peer that wait for an answer. No I/O here.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "net/transport.h"
#include "runtime/clock.h"

namespace latium {

using ResponseCallback = std::move_only_function<void(Result<Bytes>)>;

/// Slots in a vector; an id is the slot's number and how often it was used, so that finding a call costs no hashing and a
/// late answer never meets a newer call. Ids are the request ids on the wire and never 0.
class CallTable {
 public:
  struct Call {
    ResponseCallback callback;
    MonotonicTime deadline = kNever;
    bool sent = false;
    /// Until it is sent:
    Method method = 0;
    Bytes request;
  };

  std::uint64_t add(Call call);
  /// The call of that id; null when it is over.
  Call* find(std::uint64_t id);
  /// Takes the call out; nothing when it is over.
  std::optional<Call> take(std::uint64_t id);

  /// The ids for which `wanted(call)` holds, in no order.
  template <class Wanted>
  std::vector<std::uint64_t> ids_if(Wanted wanted) const {
    std::vector<std::uint64_t> ids;
    for (std::size_t i = 0; i < slots_.size(); ++i) {
      if (slots_[i].used && wanted(slots_[i].call)) ids.push_back(id_of(i));
    }
    return ids;
  }
  /// The earliest deadline; kNever when there is none.
  MonotonicTime earliest_deadline() const;

  std::size_t size() const { return slots_.size() - free_.size(); }

 private:
  struct Slot {
    Call call;
    std::uint32_t uses = 1;
    bool used = false;
  };

  std::uint64_t id_of(std::size_t slot) const { return std::uint64_t{slots_[slot].uses} << 32 | slot; }
  Slot* slot_of(std::uint64_t id);

  std::vector<Slot> slots_;
  std::vector<std::uint32_t> free_;
};

}  // namespace latium

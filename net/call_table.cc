#include "net/call_table.h"

#include <algorithm>
#include <utility>

namespace latium {

std::uint64_t CallTable::add(Call call) {
  std::size_t index = slots_.size();
  if (free_.empty()) {
    slots_.emplace_back();
  } else {
    index = free_.back();
    free_.pop_back();
  }
  slots_[index].call = std::move(call);
  slots_[index].used = true;
  return id_of(index);
}

CallTable::Slot* CallTable::slot_of(std::uint64_t id) {
  const auto index = static_cast<std::uint32_t>(id);
  if (index >= slots_.size() || !slots_[index].used || id_of(index) != id) return nullptr;
  return &slots_[index];
}

CallTable::Call* CallTable::find(std::uint64_t id) {
  Slot* slot = slot_of(id);
  return slot != nullptr ? &slot->call : nullptr;
}

std::optional<CallTable::Call> CallTable::take(std::uint64_t id) {
  Slot* slot = slot_of(id);
  if (slot == nullptr) return std::nullopt;
  std::optional<Call> call(std::move(slot->call));
  slot->call = Call();
  slot->used = false;
  if (++slot->uses == 0) slot->uses = 1;
  free_.push_back(static_cast<std::uint32_t>(id));
  return call;
}

MonotonicTime CallTable::earliest_deadline() const {
  MonotonicTime earliest = kNever;
  for (const Slot& slot : slots_) {
    if (slot.used) earliest = std::min(earliest, slot.call.deadline);
  }
  return earliest;
}

}  // namespace latium

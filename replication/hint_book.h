// HintBook: how much this node keeps in place of others, by whom it is for. Pure accounting; the hints themselves are in
// Family::hints under hint_key().
#pragma once

#include <cstdint>
#include <map>

#include "base/bytes.h"
#include "base/ids.h"
#include "base/result.h"
#include "store/engine.h"
#include "store/key_layout.h"

namespace latium {

/// owner u64 BE | the key's name in Family::data. What waits for one node is one range.
Bytes hint_key(NodeId owner, const DataKey& key);
/// `corruption`.
Result<std::pair<NodeId, DataKey>> parse_hint_key(BytesView stored);

struct HintLimits {
  std::uint64_t bytes_a_node = 256u << 20;  ///< keys and values that wait for one node
  std::uint64_t bytes = 1024u << 20;        ///< for all together
};

class HintBook {
 public:
  struct Account {
    std::uint64_t count = 0;
    std::uint64_t bytes = 0;
    std::uint64_t since_ms = 0;  ///< wall clock when there was none before; of hints that a start found, the start
    std::uint64_t dropped = 0;   ///< since the start: for want of room
  };

  explicit HintBook(HintLimits limits = {}) : limits_(limits) {}

  /// Counts what is on disk. Blocks.
  Result<void> open(Engine& engine, std::uint64_t now_ms);

  /// Whether so many more bytes may be kept for `owner`; a no is counted as dropped.
  bool admit(NodeId owner, std::uint64_t more_bytes);
  /// A hint went from so many bytes on the disk to so many; 0: it is not there.
  void rebook(NodeId owner, std::uint64_t before, std::uint64_t after, std::uint64_t now_ms);

  const std::map<NodeId, Account>& accounts() const { return accounts_; }
  std::uint64_t count() const;
  std::uint64_t bytes() const { return bytes_; }
  std::uint64_t dropped() const;

 private:
  HintLimits limits_;
  std::map<NodeId, Account> accounts_;
  std::uint64_t bytes_ = 0;
};

}  // namespace latium

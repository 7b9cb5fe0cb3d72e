// What each transaction of a history read from the others and left behind for them, and whether each by itself makes sense.
#pragma once

#include <cstddef>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "tests/sim/history.h"

namespace latium::sim {

/// What a transaction saw of a key before it changed it.
struct ExternalRead {
  KeyValue value;
  bool by_range = false;  ///< not there, in a range that was read
};

/// What a transaction did to a key.
struct KeyChange {
  std::vector<Bytes> elements;  ///< appended, in order; of a register the one that was left, or none: removed
  bool removed = false;
};

struct TransactionDigest {
  std::size_t operation = 0;  ///< in the history
  bool committed = false;     ///< acknowledged, or somebody saw what it wrote
  std::map<Bytes, ExternalRead> reads;
  std::map<Bytes, KeyChange> changes;
};

/// Who wrote an element of a key.
struct Writer {
  std::size_t transaction = 0;  ///< in HistoryDigest::transactions
  bool last = false;            ///< the last that it wrote to that key: what others may find at the end
};

struct HistoryDigest {
  std::vector<TransactionDigest> transactions;
  std::map<Bytes, std::map<Bytes, Writer>> writers;  ///< by key and element
  std::set<Bytes> lists;                             ///< keys that are appended to
  std::set<Bytes> removed;                           ///< keys that a transaction removes that may have committed
  std::vector<std::string> violations;               ///< of one transaction by itself, or of a read
  std::vector<std::string> gave_up;                  ///< what makes the history one that cannot be judged
};

HistoryDigest digest_transactions(const History& history);

}  // namespace latium::sim

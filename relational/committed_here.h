// CommittedHere: what this node has committed itself, for local reads on any thread.
#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <shared_mutex>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/hlc.h"

namespace latium {

/// The stamps of what this node has committed last, by the stored key of the row: a local read that has not heard of it yet does
/// not do. Any thread: who reads after a commit was acknowledged sees it here, as note() came before the acknowledgement.
class CommittedHere {
 public:
  void note(Bytes key, Hlc ts) {
    const std::unique_lock lock(lock_);
    if (latest_.size() >= kKept) before_ = std::exchange(latest_, {});
    latest_.insert_or_assign(std::move(key), ts);
  }

  bool knows_later(BytesView key, Hlc than) const {
    const std::shared_lock lock(lock_);
    return is_later(latest_, key, than) || is_later(before_, key, than);
  }

  /// Those with begin <= key < end; one that was committed twice may come twice.
  std::vector<std::pair<Bytes, Hlc>> between(BytesView begin, BytesView end) const {
    const std::shared_lock lock(lock_);
    std::vector<std::pair<Bytes, Hlc>> out;
    for (const Stamps* stamps : {&latest_, &before_}) {
      for (auto each = stamps->lower_bound(begin); each != stamps->end() && each->first < end; ++each) out.push_back(*each);
    }
    return out;
  }

 private:
  using Stamps = std::map<Bytes, Hlc, std::less<>>;
  // The last so many are remembered, and up to twice as many. Replicas hear of a commit some 50 ms after it.
  static constexpr std::size_t kKept = 8192;

  static bool is_later(const Stamps& stamps, BytesView key, Hlc than) {
    const auto found = stamps.find(key);
    return found != stamps.end() && found->second > than;
  }

  mutable std::shared_mutex lock_;
  Stamps latest_;
  Stamps before_;
};

}  // namespace latium

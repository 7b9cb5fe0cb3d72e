#include "tests/sim/lock_checker.h"

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace latium::sim {

namespace {

using Operations = std::vector<const Operation*>;

/// Whether the client was told that it was done.
bool succeeded(const Operation& operation) {
  return operation.outcome == Outcome::ok && operation.applied.value_or(true);
}

/// Of some operations, the one with the highest token among those that had ended (or begun) by a time.
class HighestToken {
 public:
  /// `time` of an operation: its end for "had ended before", its start for "had begun by".
  template <class Time>
  HighestToken(Operations operations, Time time) {
    std::ranges::sort(operations, {}, time);
    for (const Operation* operation : operations) {
      const Operation* highest =
          steps_.empty() || *steps_.back().second->token < *operation->token ? operation : steps_.back().second;
      steps_.emplace_back(time(operation), highest);
    }
  }
  /// Null when there was none.
  const Operation* before(Duration time) const {
    return at(std::ranges::lower_bound(steps_, time, {}, &Step::first) - steps_.begin());
  }
  const Operation* until(Duration time) const {
    return at(std::ranges::upper_bound(steps_, time, {}, &Step::first) - steps_.begin());
  }

 private:
  using Step = std::pair<Duration, const Operation*>;
  const Operation* at(std::ptrdiff_t count) const {
    return count == 0 ? nullptr : steps_[static_cast<std::size_t>(count - 1)].second;
  }

  std::vector<Step> steps_;
};

constexpr auto kEnd = [](const Operation* operation) { return operation->end; };
constexpr auto kStart = [](const Operation* operation) { return operation->start; };

class LockHistory {
 public:
  LockHistory(const Bytes& key, const Operations& operations, CheckReport& report) : key_(key), report_(report) {
    for (const Operation* operation : operations) sort_in(*operation);
  }

  void check() {
    check_acquires();
    check_shown_tokens();
    check_renewals();
    check_resource();
  }

 private:
  void sort_in(const Operation& operation) {
    const OpKind kind = kind_of(operation.op);
    const bool done = succeeded(operation);
    const bool unknown = operation.outcome == Outcome::running || operation.outcome == Outcome::info;
    const bool needs_token = kind != OpKind::acquire || done;
    if (needs_token && !operation.token) {
      violation("a bad record: an operation has no token", {&operation});
    } else if (kind == OpKind::guarded_write && operation.outcome == Outcome::ok && !operation.applied) {
      violation("a bad record: a guarded write does not say whether it was accepted", {&operation});
    } else if (kind == OpKind::guarded_write) {
      if (done) accepted_.push_back(&operation);
      if (done || unknown) perhaps_accepted_.push_back(&operation);
      if (operation.outcome == Outcome::ok && !done) rejected_.push_back(&operation);
    } else if (done) {
      (kind == OpKind::acquire ? acquires_ : kind == OpKind::renew ? renewals_ : releases_).push_back(&operation);
    }
  }

  void violation(const std::string& what, const Operations& operations) {
    std::string text = "lock \"" + printable(key_) + "\": " + what;
    for (const Operation* operation : operations) text += "\n  " + describe(*operation);
    report_.violations.push_back(std::move(text));
  }

  void check_acquires() {
    for (const Operation* acquire : acquires_) {
      const auto [first, fresh] = by_token_.emplace(*acquire->token, acquire);
      if (!fresh) violation("two acquires got the same token", {first->second, acquire});
    }
    const HighestToken given(acquires_, kEnd);
    for (const Operation* acquire : acquires_) {
      const Operation* earlier = given.before(acquire->start);
      if (earlier != nullptr && *earlier->token > *acquire->token) {
        violation("an acquire got a lower token than one before it", {earlier, acquire});
      }
    }
  }

  void check_shown_tokens() {
    for (const Operations* each : {&renewals_, &releases_, &accepted_}) {
      for (const Operation* operation : *each) {
        const auto found = by_token_.find(*operation->token);
        if (found == by_token_.end()) {
          violation("a token is good that no acquire got", {operation});
          continue;
        }
        const Operation& acquire = *found->second;
        if (acquire.end > operation->start) violation("a token is good before an acquire has got it", {operation, &acquire});
        if (!acquire.owner.empty() && !operation->owner.empty() && acquire.owner != operation->owner) {
          violation("a token is good for one who did not acquire it", {&acquire, operation});
        }
      }
    }
  }

  void check_renewals() {
    const HighestToken given(acquires_, kEnd);
    std::map<std::uint64_t, const Operation*> released;  // the first to end
    for (const Operation* release : releases_) {
      const auto [first, fresh] = released.emplace(*release->token, release);
      if (!fresh && release->end < first->second->end) first->second = release;
    }
    for (const Operation* renewal : renewals_) {
      const Operation* newer = given.before(renewal->start);
      if (newer != nullptr && *newer->token > *renewal->token) {
        violation("a holder renewed after another had got the lock", {newer, renewal});
      }
      const auto release = released.find(*renewal->token);
      if (release != released.end() && release->second->end < renewal->start) {
        violation("a holder renewed what it had released", {release->second, renewal});
      }
    }
  }

  void check_resource() {
    const HighestToken before(accepted_, kEnd);
    for (const Operation* write : accepted_) {
      const Operation* newer = before.before(write->start);
      if (newer != nullptr && *newer->token > *write->token) {
        violation("two holders overlap on the resource: it accepted a token after a higher one", {newer, write});
      }
    }
    const HighestToken perhaps(perhaps_accepted_, kStart);
    for (const Operation* write : rejected_) {
      const Operation* newer = perhaps.until(write->end);
      if (newer == nullptr || *newer->token <= *write->token) {
        violation("the resource rejected a token though it cannot have seen a higher one", {write});
      }
    }
  }

  const Bytes& key_;
  CheckReport& report_;
  Operations acquires_;  // that succeeded, as the next three
  Operations renewals_;
  Operations releases_;
  Operations accepted_;
  Operations rejected_;
  Operations perhaps_accepted_;
  std::map<std::uint64_t, const Operation*> by_token_;  // the first acquire that got it
};

bool is_lock_operation(const Operation& operation) {
  switch (kind_of(operation.op)) {
    case OpKind::acquire:
    case OpKind::renew:
    case OpKind::release:
    case OpKind::guarded_write:
      return true;
    default:
      return false;
  }
}

}  // namespace

CheckReport check_locks(const History& history) {
  CheckReport report;
  std::map<Bytes, Operations> locks;
  for (const Operation& operation : history.operations()) {
    if (!is_lock_operation(operation)) continue;
    locks[operation.key].push_back(&operation);
    ++report.operations;
  }
  report.keys = locks.size();
  for (const auto& [key, operations] : locks) LockHistory(key, operations, report).check();
  return report;
}

}  // namespace latium::sim

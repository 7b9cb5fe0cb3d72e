#include "tests/sim/bucket_checker.h"

#include <algorithm>
#include <map>
#include <set>
#include <string>

namespace latium::sim {

namespace {

struct Key {
  std::vector<const Operation*> writes;
  const Operation* last = nullptr;
};

bool may_have_happened(const Operation& operation) {
  return operation.outcome != Outcome::fail;
}

std::string show(const std::set<Bytes>& values) {
  std::string out;
  for (const Bytes& value : values) out += (out.empty() ? "" : ", ") + printable(value);
  return "{" + out + "}";
}

std::set<Bytes> firsts(const Operation& operation) {
  std::set<Bytes> out;
  for (const auto& [value, unused] : operation.pairs) out.insert(value);
  return out;
}

void check_siblings(const Bytes& name, const Key& key, CheckReport& report) {
  const std::set<Bytes> there = firsts(*key.last);
  const auto violation = [&](const Operation& operation, const std::string& what) {
    report.violations.push_back("key " + printable(name) + ": " + what + "\n  " + describe(operation) +
                                "\n  at the end: " + show(there));
  };
  std::set<Bytes> written;
  for (const Operation* put : key.writes) {
    if (put->value && may_have_happened(*put)) written.insert(*put->value);
    if (put->outcome != Outcome::ok) continue;
    for (const Bytes& replaced : firsts(*put)) {
      if (there.contains(replaced)) violation(*put, "'" + printable(replaced) + "' is there, and this write replaced it");
    }
    if (!put->value || there.contains(*put->value)) continue;
    const bool replaced = std::ranges::any_of(
        key.writes, [&](const Operation* other) { return may_have_happened(*other) && firsts(*other).contains(*put->value); });
    if (!replaced) violation(*put, "an acknowledged value is gone, and nobody who had read it wrote");
  }
  for (const Bytes& value : there) {
    if (!written.contains(value)) violation(*key.last, "'" + printable(value) + "' was never written");
  }
}

// Of equal stamps, which two nodes may give, one that began after the other's end is the later, where both have met a quorum.
bool is_after(const Operation& later, const Operation& earlier) {
  return later.start > earlier.end && !later.one_copy && !earlier.one_copy;
}

void check_last_write(const Bytes& name, const Key& key, CheckReport& report) {
  const Operation* latest = nullptr;
  bool unsure_removal = false;
  for (const Operation* write : key.writes) {
    const bool acknowledged = write->outcome == Outcome::ok;
    if (acknowledged &&
        (latest == nullptr || *write->token > *latest->token || (*write->token == *latest->token && is_after(*write, *latest)))) {
      latest = write;
    }
    unsure_removal = unsure_removal || (!write->value && write->outcome != Outcome::ok && may_have_happened(*write));
  }
  const auto violation = [&](const std::string& what) {
    report.violations.push_back("key " + printable(name) + ": " + what + "\n  latest acknowledged: " +
                                (latest == nullptr ? "none" : describe(*latest)) + "\n  at the end: " + describe(*key.last));
  };
  if (key.last->pairs.empty()) {
    // Of equal stamps a removal may be the last one.
    const bool removed =
        latest != nullptr && std::ranges::any_of(key.writes, [&](const Operation* write) {
          return write->outcome == Outcome::ok && !write->value && *write->token == *latest->token && !is_after(*latest, *write);
        });
    if (latest != nullptr && latest->value && !removed && !unsure_removal) violation("the last write is gone");
    return;
  }
  const Bytes& value = key.last->pairs.front().first;
  if (latest != nullptr && *key.last->token < *latest->token)
    return violation("an older write is there than one that was acknowledged");
  const auto wrote = std::ranges::find_if(
      key.writes, [&](const Operation* write) { return write->value == value && may_have_happened(*write); });
  if (wrote == key.writes.end()) return violation("the value was never written");
  // Two nodes may give the same stamp; then one of the two writes is there.
  const bool right_stamp = std::ranges::any_of(key.writes, [&](const Operation* write) {
    return write->outcome != Outcome::ok ? write->value == value : *write->token == *key.last->token && write->value == value;
  });
  if (!right_stamp) violation("the last write has another value");
}

}  // namespace

CheckReport check_buckets(const History& history) {
  std::map<Bytes, Key> siblings;
  std::map<Bytes, Key> last_writes;
  CheckReport report;
  for (const Operation& operation : history.operations()) {
    if (kind_of(operation.op) != OpKind::bucket) continue;
    const bool of_siblings = operation.op.find("sibling") != std::string::npos;
    Key& key = (of_siblings ? siblings : last_writes)[operation.key];
    ++report.operations;
    if (operation.op.starts_with("final_")) {
      if (operation.outcome == Outcome::ok) key.last = &operation;
    } else {
      key.writes.push_back(&operation);
    }
  }
  report.keys = siblings.size() + last_writes.size();
  for (const auto* keys : {&siblings, &last_writes}) {
    for (const auto& [name, key] : *keys) {
      // Without a final read the run was cut short: that is for the run to tell.
      if (key.last == nullptr) continue;
      if (keys == &siblings) {
        check_siblings(name, key, report);
      } else {
        check_last_write(name, key, report);
      }
    }
  }
  return report;
}

}  // namespace latium::sim

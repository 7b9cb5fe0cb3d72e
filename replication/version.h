// What replicas hold of a bucket's key, and how two of them become one: pure values, no clock, no I/O.
//
// Every write is an event with a dot of its own: (node that coordinated it, its counter). A key's versions are kept with the
// dots that they have seen, so that a write replaces exactly what its writer knew of: a dotted version vector set.
// Source: Preguiça et al., "Dotted VersionedValue Vectors" (2010); Almeida et al., "Scalable and Accurate Causality Tracking for
// Eventually Consistent Stores" (DAIS 2014). Byte table: docs/formats.md.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/bytes.h"
#include "base/hlc.h"
#include "base/ids.h"
#include "base/result.h"

namespace latium {

/// What becomes of versions that were written without knowledge of each other. A bucket is one or the other, for good.
enum class Conflicts : std::uint8_t {
  last_write_wins = 1,  ///< the one with the highest stamp stays
  siblings = 2,         ///< all stay, until a write that has seen them
};

/// Names one write. `counter` grows with every write that the actor coordinates, over its restarts too.
struct Dot {
  NodeId actor;
  std::uint64_t counter = 0;

  /// Goes up when the actor may have lost writes that it coordinated, which others may still have: with each of its starts, and
  /// when its disk refused one. Knowing all writes of a life says nothing of those of another.
  std::uint64_t life() const { return counter >> 32; }

  friend auto operator<=>(const Dot&, const Dot&) = default;
};

/// A set of writes of one key.
class CausalContext {
 public:
  bool covers(const Dot& dot) const;
  /// That write, and all that its actor coordinated before it in the same life.
  void add_up_to(const Dot& dot);
  /// That write alone.
  void add(const Dot& dot);
  void merge(const CausalContext& other);
  bool empty() const { return prefixes_.empty() && dots_.empty(); }

  /// One an actor and life, in order.
  const std::vector<Dot>& prefixes() const { return prefixes_; }
  /// In order; not those that a prefix covers.
  const std::vector<Dot>& dots() const { return dots_; }

  void encode(Bytes& out) const;
  /// Takes what encode() made off the front. `corruption`.
  static Result<CausalContext> take(BytesView& in);

  friend bool operator==(const CausalContext&, const CausalContext&) = default;

 private:
  std::vector<Dot> prefixes_;
  std::vector<Dot> dots_;
};

/// One value, or the deletion of the key.
struct VersionedValue {
  Dot dot;
  Hlc stamp;
  std::uint64_t expires_ms = 0;  ///< wall clock, since the Unix epoch, from when on nobody sees it; 0: never
  bool tombstone = false;        ///< last_write_wins only; with siblings a deletion leaves no version, only its context
  Bytes value;

  bool visible_at(std::uint64_t wall_ms) const { return !tombstone && (expires_ms == 0 || wall_ms < expires_ms); }
  friend bool operator==(const VersionedValue&, const VersionedValue&) = default;
};

/// All that a replica holds of one key. Two replicas that hold the same have the same bytes.
struct VersionSet {
  Conflicts conflicts = Conflicts::last_write_wins;
  CausalContext context;                 ///< siblings: every write seen, those of `versions` among them; else empty
  std::vector<VersionedValue> versions;  ///< in order of their dots; last_write_wins: one at most

  /// Nothing was ever written.
  bool empty() const { return versions.empty() && context.empty(); }
  /// Of all versions; 0 without one.
  Hlc newest_stamp() const;
  /// The same bytes for the same set.
  std::uint64_t digest() const;

  friend bool operator==(const VersionSet&, const VersionSet&) = default;
};

/// What one who holds `a` and one who holds `b` hold once each has been told of the other's: commutative, associative,
/// idempotent. Precondition: both of one kind; the empty set is of any.
VersionSet merge(const VersionSet& a, const VersionSet& b);

/// What whoever holds `held` holds after a write by one who had seen `seen`: `version` replaces what `seen` covers.
/// With last_write_wins it replaces everything; the caller gives it a higher stamp than `held` has.
/// `knows_own_writes`: `held` has everything that the dot's actor ever wrote under the key, or what replaced it; true for a
/// replica, false for a stand-in.
VersionSet with_write(const VersionSet& held, const CausalContext& seen, VersionedValue version, bool knows_own_writes);

/// Siblings: what is left of `held` once everything that `seen` covers is deleted.
VersionSet with_deletion(const VersionSet& held, const CausalContext& seen);

Bytes encode_versions(const VersionSet& set);
/// VersionSet::digest() of the encoded set; 0 of no bytes.
std::uint64_t digest_of(BytesView stored);
/// `corruption` on what encode_versions cannot have written.
Result<VersionSet> decode_versions(BytesView stored);

/// The one version of a last_write_wins key, in the buffer of `stored`: the short way where there is nothing to merge.
Result<VersionedValue> decode_last_write(Bytes stored);
Bytes encode_last_write(const VersionedValue& version);
/// Its VersionedValue::expires_ms, without a look at the value. 0 also for a key with siblings, and for what does not decode.
std::uint64_t expiry_of_last_write(BytesView stored);

/// What a reader gives to a writer, so that the write replaces what was read: opaque to both. Not empty.
struct ContextToken {
  CausalContext context;
  Hlc stamp;              ///< the newest that was read
  std::uint64_t key = 0;  ///< of which key: token_key(); 0: it does not say
};
Bytes encode_context_token(const ContextToken& token);
inline Bytes encode_context_token(const VersionSet& set, std::uint64_t key) {
  return encode_context_token({set.context, set.newest_stamp(), key});
}
/// For a write of the key that `key` stands for. `invalid_argument`: not a token, or that of another key, whose context says
/// nothing of this one and could stand for writes that nobody has seen.
Result<ContextToken> decode_context_token(BytesView token, std::uint64_t key);

}  // namespace latium

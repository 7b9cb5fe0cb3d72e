// Bucket: the always-writable keys of a tenant.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "latium/call.h"
#include "latium/error.h"

namespace latium {

/// Keys are 1 byte to 64 KiB, values 0 bytes to 16 MiB, both any bytes.
inline constexpr std::size_t kMaxKeyBytes = 64u << 10;
inline constexpr std::size_t kMaxValueBytes = 16u << 20;

/// The hybrid logical clock stamp of one write; grows with every later write while the node runs.
struct Version {
  std::uint64_t stamp = 0;
  friend auto operator<=>(const Version&, const Version&) = default;
};

/// How many copies of a key have to answer before a call does. With R and W copies out of N, a read sees every write acknowledged
/// before it while R + W > N and the replicas themselves answer; in place of those that are away, stand-ins do.
enum class Level : std::uint8_t {
  one = 1,           ///< any one: the nearest
  quorum = 2,        ///< a majority; a stand-in inside the placement counts for the replica in whose place it stands
  all = 3,           ///< every replica itself
  local_quorum = 4,  ///< a majority of those on this node's site; `invalid_argument` where it has none
};

/// A key with its value.
struct Entry {
  std::string key;
  std::string value;
  Version version;
  std::vector<std::string> siblings{};  ///< the key's other values: see Found
};

/// A value as found by get().
struct Found {
  std::string value;
  Version version;
  /// In a bucket that keeps siblings: other values, written without knowledge of this one. Merge them, and put the result with
  /// `context`.
  std::vector<std::string> siblings{};
  std::string context{};  ///< what was read: give it to the put that is to replace it
  CallCost cost{};
  std::vector<std::uint64_t> replicas{};  ///< nodes that answered
  std::vector<std::uint64_t> behind{};    ///< those of them that lacked something; they have been sent it
};

/// A write that was acknowledged.
struct Written {
  Version version;
  std::string context{};  ///< for a put that is to replace this one, and all that the coordinator knew of
  CallCost cost{};
};

/// How durable a write is on each replica when it is acknowledged.
enum class WriteDurability : std::uint8_t {
  sync,      ///< on the disk: survives a power cut. Syncs are shared by all writes that wait for one.
  buffered,  ///< in the operating system: survives the process, not the machine
};

struct WriteOptions {
  WriteDurability durability = WriteDurability::sync;
  Level level = Level::quorum;
  std::string context{};                      ///< Found::context or Written::context; empty: none
  std::chrono::milliseconds ttl{0};           ///< how long the value is seen; 0: until it is removed. put() only
  std::chrono::milliseconds timeout{10'000};  ///< 1 ms to 24 h
};

struct ReadOptions {
  Level level = Level::quorum;
  std::chrono::milliseconds timeout{10'000};  ///< 1 ms to 24 h
};

struct ScanOptions {
  std::string prefix{};                       ///< only keys that start with it
  std::string after{};                        ///< only keys above it; the last key of the page before
  std::size_t limit = 1000;                   ///< entries a page, 1 to 10,000; a page also ends at about 4 MiB
  Level level = Level::quorum;                ///< one or quorum
  std::chrono::milliseconds timeout{10'000};  ///< 1 ms to 24 h
};

/// A page of a scan, in key order.
struct ScanPage {
  std::vector<Entry> entries;
  bool more = false;  ///< ask again with `after` = the last key
};

/// A handle: cheap to copy, any thread, on any node. It outlives neither its node nor its tenant: afterwards calls answer
/// `unavailable` or `unknown_tenant`.
///
/// A bucket whose name begins with ~ keeps siblings: of writes that did not know of each other, all values stay until one is put
/// with the context of a read. In the others the last write wins, by hybrid logical clock; a write at level quorum wins over
/// every write that was acknowledged at level quorum before it began, whatever the nodes' clocks say.
///
/// Consistency: eventual; with one copy, every call sees every write acknowledged before it began. Cost with one copy on this
/// node: no round trip; get() of a cached value takes a microsecond or two on the caller's thread, a synced put() one shared log
/// sync. With several: a write one round trip to the nearest copies that its level asks for, and one more to a replica if this
/// node is none; a read one, two where the copies differ. At level one a replica reads on the caller's thread.
/// Common errors: `invalid_argument` (key, value, context or option out of bounds), `unknown_tenant` (dropped), `unavailable`
/// (too few copies in time, or the node stops), `read_only` (disk full or failed), `overloaded`, `corruption`, `io_error`. A
/// write that fails with certainty `unknown` may be there, or may come. Source: DeCandia et al., "Dynamo" (SOSP 2007);
/// docs/protocols.md, "Buckets".
///
/// The callback forms do not block; the callback runs once, on the node's own thread (on the caller's when the node is
/// stopped), and must not block it. `latium/asio.h`
/// has them as awaitables.
class Bucket {
 public:
  /// Writes one key. The first put makes the bucket, even if it then fails. Of two puts that race where there is one copy, the
  /// one that lands last stays, whichever has the higher version.
  Result<Written> put(std::string_view key, std::string_view value, WriteOptions options = {});
  void put_async(std::string key, std::string value, WriteOptions options, Callback<Written> done);

  /// Nothing when the key does not exist. `unknown_bucket` when nothing was ever put into the bucket, with one copy.
  Result<std::optional<Found>> get(std::string_view key, ReadOptions options = {});
  void get_async(std::string key, ReadOptions options, Callback<std::optional<Found>> done);

  /// Removes one key; false when it did not exist, as far as the node that coordinated knows (of two removes that race, both may
  /// see it). In a bucket with siblings: what the context covers, or without one what the coordinator holds.
  Result<bool> remove(std::string_view key, WriteOptions options = {});
  void remove_async(std::string key, WriteOptions options, Callback<bool> done);

  /// One page in key order; with one copy, as of one moment. `unknown_bucket` when nothing was ever put into the bucket.
  Result<ScanPage> scan(ScanOptions options = {});
  void scan_async(ScanOptions options, Callback<ScanPage> done);

  const std::string& tenant() const;
  const std::string& name() const;

 private:
  friend class Node;
  struct Impl;
  explicit Bucket(std::shared_ptr<Impl> impl);
  std::shared_ptr<Impl> impl_;
};

}  // namespace latium

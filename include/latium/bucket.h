// Bucket: the always-writable keys of a tenant.
#pragma once

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

/// A key with its value.
struct Entry {
  std::string key;
  std::string value;
  Version version;
};

/// A value as found by get().
struct Found {
  std::string value;
  Version version;
};

/// How durable a write is on each replica when it is acknowledged.
enum class WriteDurability : std::uint8_t {
  sync,      ///< on the disk: survives a power cut. Syncs are shared by all writes that wait for one.
  buffered,  ///< in the operating system: survives the process, not the machine
};

struct WriteOptions {
  WriteDurability durability = WriteDurability::sync;
};

struct ScanOptions {
  std::string prefix{};      ///< only keys that start with it
  std::string after{};       ///< only keys above it; the last key of the page before
  std::size_t limit = 1000;  ///< entries a page, 1 to 10,000; a page also ends at about 4 MiB
};

/// A page of a scan, in key order.
struct ScanPage {
  std::vector<Entry> entries;
  bool more = false;  ///< ask again with `after` = the last key
};

/// A handle: cheap to copy, any thread. It outlives neither its node nor its tenant: afterwards calls answer `unavailable`
/// or `unknown_tenant`.
///
/// Consistency, while the tenant has one replica: every call sees every write acknowledged before it began. Cost: no round
/// trip; get() of a cached value takes a microsecond or two on the caller's thread, a synced put() one shared log sync.
/// Common errors: `invalid_argument` (key or value out of bounds), `unknown_tenant` (dropped), `read_only` (disk full or
/// failed), `unavailable` (stopping), `corruption`, `io_error`. A write that fails with certainty `unknown` may be there.
///
/// The callback forms do not block; the callback runs once, on the node's own thread (on the caller's when the node is
/// stopped), and must not block it. `latium/asio.h`
/// has them as awaitables.
class Bucket {
 public:
  /// Writes one key. The first put makes the bucket, even if it then fails. Of two puts that race, the one that lands last
  /// stays, whichever has the higher version.
  Result<Version> put(std::string_view key, std::string_view value, WriteOptions options = {});
  void put_async(std::string key, std::string value, WriteOptions options, Callback<Version> done);

  /// Nothing when the key does not exist. `unknown_bucket` when nothing was ever put into the bucket.
  Result<std::optional<Found>> get(std::string_view key);
  void get_async(std::string key, Callback<std::optional<Found>> done);

  /// Removes one key; false when it did not exist (of two removes that race, both may see it). `unknown_bucket` as for get().
  Result<bool> remove(std::string_view key, WriteOptions options = {});
  void remove_async(std::string key, WriteOptions options, Callback<bool> done);

  /// One page in key order, as of one moment. `unknown_bucket` as for get().
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

// NodeOptions: everything that can be set on a node. A TOML file has a key of the same name for each (`tls` and `log`:
// `tls_cert`, `log_level`, ...); `latiumd` an option with dashes (`seeds`: `--seed`).
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "latium/error.h"

namespace latium {

/// Certificates for mutual TLS 1.3, PEM files. All three or none.
struct TlsOptions {
  std::string cert{};  ///< this node's certificate chain; carries its site
  std::string key{};   ///< its private key
  std::string ca{};    ///< the authority that every peer's certificate must come from

  bool empty() const { return cert.empty() && key.empty() && ca.empty(); }
};

/// Whether a node holds replicas.
enum class NodeRole : std::uint8_t {
  storage,  ///< holds replicas
  client,   ///< takes part, holds none: short-lived tools, worker processes
};

struct LogOptions {
  std::string level = "warn";   ///< debug, info, warn or error; latiumd: info
  std::string format = "text";  ///< text or json
  std::string file{};           ///< empty: stderr
};

struct NodeOptions {
  // Who and where.

  /// Directory of the node's data; created if missing. One process holds it at a time.
  std::string data_dir{};
  /// The site that the node stands in: 1 to 64 of a-z A-Z 0-9 . _ -. Fixed once the directory is made.
  std::string site{};
  /// Failure domain inside the site; replicas avoid sharing one. Same alphabet; empty: none.
  std::string rack{};
  /// Share of the site's data relative to its other nodes; means nothing while there are none. 0.1 to 100.
  double weight = 1.0;
  NodeRole role = NodeRole::storage;

  // The cluster.

  /// Begin a cluster of its own, if the data directory is new. Else nothing happens, so that a restart may keep saying it.
  bool bootstrap = false;
  /// "HOST:PORT" of nodes of the cluster to join, if the data directory is new.
  std::vector<std::string> seeds{};
  /// 16 hexadecimal digits. With `bootstrap`: the id of the new cluster instead of a random one. Otherwise: refuse a data
  /// directory of any other cluster. Empty: no check.
  std::string cluster_id{};

  // The network.

  /// "HOST:PORT" to serve on; port 0 picks a free one. Empty: serve nobody (embedded, alone).
  std::string listen{};
  /// "HOST:PORT" that others are told to use; empty: `listen`.
  std::string advertise{};
  /// Empty: plain TCP, which is taken without asking on loopback only.
  TlsOptions tls{};
  /// Serve plain TCP on an address that others can reach: anyone who reaches it can read and write everything.
  bool plaintext = false;
  /// For tests and demonstrations: whoever may ask this node may cut it off from others and slow it down (`latium faults`).
  /// Needs `listen`: on a loopback address, or with TLS.
  bool enable_faults = false;
  /// "HOST:PORT" of the Prometheus endpoint; empty: none.
  std::string metrics{};
  /// Requests that one connection may have in flight, 1 to 65536; one more is answered `overloaded`.
  std::uint32_t max_requests_per_connection = 1024;
  /// Connections served at once, 1 to 65536.
  std::uint32_t max_connections = 4096;

  // Memory and threads.

  /// Cache of uncompressed data blocks and, in a quarter of it, of values, bytes. 1 MiB to 1 TiB.
  std::uint64_t block_cache_bytes = 64ull << 20;
  /// Writes kept in memory before they are sorted into a file, bytes. 1 MiB to 1 GiB.
  std::uint64_t write_buffer_bytes = 16ull << 20;
  /// Threads for reads that must go to the disk. 1 to 64.
  std::uint32_t blocking_threads = 2;

  // What is kept for nodes that are away.

  /// Writes kept in place of other nodes, keys and values, bytes: of all together. Beyond it a write is not kept, and counted;
  /// copies that miss it are brought up to date by comparison. 0 to 1 TiB.
  std::uint64_t hints_max_bytes = 1ull << 30;
  /// The same of each node. 0 to 1 TiB.
  std::uint64_t hints_max_bytes_a_node = 256ull << 20;

  // Time.

  /// Clock difference between nodes that is taken as normal, milliseconds. A stamp further ahead is refused. 1 to 60000.
  std::uint32_t max_clock_offset_ms = 500;
  /// Longest that stop() lets requests in flight go on, milliseconds. 0 to 60000.
  std::uint32_t stop_timeout_ms = 3000;

  LogOptions log{};

  /// `invalid_argument` naming the first bad field, its value and what it may be.
  Result<void> validate() const;
};

}  // namespace latium

// Who this node is, as its data directory knows it.
#pragma once

#include <optional>
#include <string>

#include "base/ids.h"
#include "base/random.h"
#include "base/result.h"
#include "store/engine.h"

namespace latium {

struct NodeIdentity {
  NodeId node;
  ClusterId cluster;
  Incarnation incarnation;
  std::string site;
  bool joins = false;  ///< made to join a cluster, not to begin one
};

/// What the options say about identity.
struct IdentityRequest {
  std::string site;
  bool bootstrap = false;
  bool has_seeds = false;
  std::optional<ClusterId> cluster;
  std::string data_dir;  ///< for messages
};

/// Whether a new data directory may be made: `invalid_argument` (neither bootstrap nor seeds, or both).
Result<void> check_may_create(const IdentityRequest& request);

/// Into a batch that the caller writes.
void put_identity(WriteBatch& batch, const NodeIdentity& identity);

/// Reads the identity from the engine, or makes one when the directory is new. Blocks. Errors: `wrong_cluster`,
/// `invalid_argument` (another site), those of check_may_create().
Result<NodeIdentity> load_or_create_identity(Engine& engine, const IdentityRequest& request, Random& random);

}  // namespace latium

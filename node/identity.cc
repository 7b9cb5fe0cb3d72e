#include "node/identity.h"

#include "proto/storage.pb.h"

namespace latium {

namespace {

constexpr std::string_view kIdentityKey = "node";

std::uint64_t random_id(Random& random) {
  std::uint64_t id = 0;
  while (id == 0) id = random.next();
  return id;
}

Result<void> check_matches(const NodeIdentity& identity, const IdentityRequest& request) {
  if (request.cluster && identity.cluster && *request.cluster != identity.cluster) {
    return fail(ErrorCode::wrong_cluster, "data directory '" + request.data_dir + "' belongs to cluster " +
                                              to_hex(identity.cluster.value) + ", not to " + to_hex(request.cluster->value) +
                                              ": give the right directory or cluster id");
  }
  if (request.site != identity.site) {
    return fail(ErrorCode::invalid_argument, "data directory '" + request.data_dir + "' belongs to site '" + identity.site +
                                                 "', not to '" + request.site + "': a node cannot change its site");
  }
  return {};
}

Result<NodeIdentity> create(Engine& engine, const IdentityRequest& request, Random& random) {
  LATIUM_CHECKED(check_may_create(request));
  // Bootstrap has the word: the first node of a cluster may have its seeds in the same configuration as all others.
  const bool joins = !request.bootstrap;
  // One that joins learns its cluster from a seed.
  const ClusterId cluster = request.cluster.value_or(joins ? ClusterId() : ClusterId{random_id(random)});
  NodeIdentity identity{NodeId{random_id(random)}, cluster, Incarnation{1}, request.site, joins};
  WriteBatch batch;
  put_identity(batch, identity);
  LATIUM_CHECKED(engine.write(std::move(batch), Durability::sync));
  return identity;
}

}  // namespace

void put_identity(WriteBatch& batch, const NodeIdentity& identity) {
  storage::NodeIdentity record;
  record.set_node_id(identity.node.value);
  record.set_cluster_id(identity.cluster.value);
  record.set_incarnation(identity.incarnation.value);
  record.set_site(identity.site);
  record.set_joins(identity.joins);
  batch.put(Family::system, kIdentityKey, record.SerializeAsString());
}

Result<void> check_may_create(const IdentityRequest& request) {
  if (!request.bootstrap && !request.has_seeds) {
    return fail(ErrorCode::invalid_argument,
                "data directory '" + request.data_dir + "' is new: say bootstrap to begin a cluster, or give a seed to join one");
  }
  return {};
}

Result<NodeIdentity> load_or_create_identity(Engine& engine, const IdentityRequest& request, Random& random) {
  LATIUM_TRY(const ReadResult found, engine.get(Family::system, kIdentityKey, ReadMode::may_block));
  if (found.presence != Presence::found) return create(engine, request, random);
  storage::NodeIdentity record;
  if (!record.ParseFromString(found.value) || record.node_id() == 0 || (record.cluster_id() == 0 && !record.joins())) {
    return fail(ErrorCode::corruption, "the node's identity in '" + request.data_dir + "' does not parse: restore the directory");
  }
  NodeIdentity identity{NodeId{record.node_id()}, ClusterId{record.cluster_id()}, Incarnation{record.incarnation()},
                        record.site(), record.joins()};
  LATIUM_CHECKED(check_matches(identity, request));
  return identity;
}

}  // namespace latium

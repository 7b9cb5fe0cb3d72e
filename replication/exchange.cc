#include "replication/exchange.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <unordered_map>
#include <utility>

#include "proto/repair.pb.h"
#include "proto/wire.pb.h"
#include "replication/answers.h"
#include "replication/envelope.h"
#include "runtime/deadline.h"

namespace latium {

namespace {

constexpr Duration kAnswerTimeout = std::chrono::seconds(20);
// Of the answer to one request: beyond it, the rest comes with the next.
constexpr std::size_t kAnswerBytes = 16u << 20;
static_assert(kAnswerBytes < BucketReplica::kAnswerBytesMax, "all that an answer names may be asked for at once");

void name(TenantId tenant, PartitionId partition, repair::PartitionName& out) {
  out.set_tenant(tenant.value);
  out.set_partition(partition.value);
}

PartitionId partition_in(const repair::PartitionName& message) {
  return PartitionId{static_cast<std::uint16_t>(message.partition())};
}

Result<DataKey> key_of(TenantId tenant, PartitionId partition, BytesView name) {
  Bytes stored = leaf_key(tenant, partition, 0).substr(0, kPartitionPrefixBytes);
  stored += name;
  return parse_data_key(stored);
}

// The other way round.
Bytes name_of(const DataKey& key) {
  return Bytes(name_in_partition(data_key(key.tenant, key.partition, key.bucket, key.user_key)));
}

Result<void> check_kind(const BucketItem& item) {
  if (item.offered.conflicts == conflicts_of(item.key.bucket)) return {};
  return fail(ErrorCode::corruption, "versions of another kind of bucket (" + describe(item.key) + ")");
}

std::size_t bytes_of(const std::vector<BucketItem>& items) {
  std::size_t bytes = 0;
  for (const BucketItem& item : items) bytes += name_of(item.key).size() + encode_versions(item.offered).size();
  return bytes;
}

std::string bits_of(const LeafSet& leaves) {
  std::string out(kTreeLeaves / 8, '\0');
  for (std::size_t i = 0; i < kTreeLeaves; ++i) {
    if (leaves.test(i)) out[i / 8] = static_cast<char>(out[i / 8] | 1 << i % 8);
  }
  return out;
}

// Precondition: of that length.
LeafSet leaves_in(BytesView bits) {
  LeafSet out;
  for (std::size_t i = 0; i < kTreeLeaves; ++i) out.set(i, (bits[i / 8] >> i % 8 & 1) != 0);
  return out;
}

// By leaf and mark.
std::uint64_t marked(std::size_t leaf, std::uint16_t mark) {
  return std::uint64_t{leaf} << 16 | mark;
}

void put_mark(std::string& out, std::uint16_t mark) {
  out.push_back(static_cast<char>(mark & 0xff));
  out.push_back(static_cast<char>(mark >> 8));
}

std::uint16_t mark_at(BytesView marks, std::size_t at) {
  return static_cast<std::uint16_t>(static_cast<unsigned char>(marks[at]) | static_cast<unsigned char>(marks[at + 1]) << 8);
}

// The keys in the order of their marks in the request.
std::vector<const LeafContents::Key*> in_order_of_leaves(const LeafContents& here) {
  std::vector<std::vector<const LeafContents::Key*>> by_leaf(kTreeLeaves);
  for (const LeafContents::Key& key : here.keys) by_leaf[key.leaf].push_back(&key);
  std::vector<const LeafContents::Key*> out;
  for (const auto& leaf : by_leaf) out.insert(out.end(), leaf.begin(), leaf.end());
  return out;
}

}  // namespace

Task<void> Exchange::run(NodeId peer, std::vector<Partition> partitions) {
  std::vector<std::pair<Partition, LeafSet>> found;
  for (const Partition& each : partitions) {
    LATIUM_CO_TRY(const LeafSet leaves, co_await differing_leaves(each.tenant, each.number, peer));
    if (leaves.any()) found.emplace_back(each, leaves);
  }
  if (found.empty()) co_return Result<void>();
  LATIUM_CO_CHECKED(co_await sleep_for(runtime_, kGrace));
  for (auto& [each, leaves] : found) {
    // A leaf that was equal at one of the two moments has all that either side had when the call began.
    LATIUM_CO_TRY(leaves, co_await still_differing(each.tenant, each.number, peer, leaves));
    if (leaves.any()) ++statistics_.exchanges;
    while (leaves.any()) {
      LATIUM_CO_TRY(const LeafSet done, co_await step(each.tenant, each.number, peer, leaves));
      leaves &= ~done;
    }
  }
  co_return Result<void>();
}

Task<LeafSet> Exchange::differing_leaves(TenantId tenant, PartitionId partition, NodeId peer) {
  LATIUM_CO_TRY(const PartitionTree tree, co_await partitions_.tree(tenant, partition));
  repair::TreeLeavesRequest request;
  name(tenant, partition, *request.mutable_partition());
  for (const std::uint64_t group : tree.groups()) request.add_groups(group);
  const MonotonicTime deadline = saturating_add(runtime_.clock.monotonic_now(), kAnswerTimeout);
  LATIUM_CO_TRY(const auto response, co_await call_enveloped<repair::TreeLeavesRequest, repair::TreeLeavesResponse>(
                                         cluster_, transport_, peer, cluster_.epoch(), wire::METHOD_TREE_LEAVES,
                                         std::move(request), {.deadline = deadline}));
  LeafSet differing;
  for (const auto& group : response.groups()) {
    if (group.number() >= kTreeGroups || group.leaves_size() != static_cast<int>(kLeavesAGroup)) {
      co_return fail(ErrorCode::corruption, "node " + to_hex(peer.value) + " answers with a tree of another shape");
    }
    const auto mine = tree.leaves_of(group.number());
    for (std::size_t i = 0; i < kLeavesAGroup; ++i) {
      if (mine[i] != group.leaves(static_cast<int>(i))) differing.set(group.number() * kLeavesAGroup + i);
    }
  }
  statistics_.bytes += kTreeGroups * 8 + static_cast<std::size_t>(response.groups_size()) * kLeavesAGroup * 8;
  co_return differing;
}

Task<LeafSet> Exchange::still_differing(TenantId tenant, PartitionId partition, NodeId peer, LeafSet leaves) {
  LATIUM_CO_TRY(const PartitionTree tree, co_await partitions_.tree(tenant, partition));
  repair::TreeLeavesRequest request;
  name(tenant, partition, *request.mutable_partition());
  request.set_leaves(bits_of(leaves));
  const MonotonicTime deadline = saturating_add(runtime_.clock.monotonic_now(), kAnswerTimeout);
  LATIUM_CO_TRY(const auto response, co_await call_enveloped<repair::TreeLeavesRequest, repair::TreeLeavesResponse>(
                                         cluster_, transport_, peer, cluster_.epoch(), wire::METHOD_TREE_LEAVES,
                                         std::move(request), {.deadline = deadline}));
  if (response.leaves_size() != static_cast<int>(leaves.count())) {
    co_return fail(ErrorCode::corruption, "node " + to_hex(peer.value) + " answers with other leaves than those asked for");
  }
  statistics_.bytes += kTreeLeaves / 8 + leaves.count() * 8;
  int at = 0;
  for (std::size_t i = 0; i < kTreeLeaves; ++i) {
    if (leaves.test(i) && tree.leaf(i) == response.leaves(at++)) leaves.reset(i);
  }
  co_return leaves;
}

repair::TreeDifferencesRequest Exchange::describe_contents(TenantId tenant, PartitionId partition,
                                                           const LeafContents& here) const {
  repair::TreeDifferencesRequest request;
  name(tenant, partition, *request.mutable_partition());
  request.set_factor(runtime_.random.next() | 1);
  std::vector<repair::TreeDifferencesRequest::Leaf*> leaves(kTreeLeaves);
  for (std::size_t i = 0; i < kTreeLeaves; ++i) {
    if (!here.leaves.test(i)) continue;
    leaves[i] = request.add_leaves();
    leaves[i]->set_number(static_cast<std::uint32_t>(i));
  }
  for (const LeafContents::Key& key : here.keys)
    put_mark(*leaves[key.leaf]->mutable_marks(), mark_of(key.hash, request.factor()));
  return request;
}

// What one answer says of some leaves.
struct Exchange::Differences {
  LeafSet done;
  std::vector<const LeafContents::Key*> lacking;  // that the peer has not, or has otherwise
  std::vector<std::pair<BytesView, Hlc>> beyond;  // names that it has, or has otherwise, and the newest stamp there
};

Exchange::Differences Exchange::differences(const LeafContents& here, const repair::TreeDifferencesResponse& response) {
  Differences out;
  const std::vector<const LeafContents::Key*> keys = in_order_of_leaves(here);
  PartitionTree matched;  // of what they have too
  for (const LeafContents::Key& key : here.keys) matched.toggle({key.leaf, key.hash});
  for (const std::uint32_t place : response.lacking_places()) {
    if (place >= keys.size()) continue;
    out.lacking.push_back(keys[place]);
    matched.toggle({keys[place]->leaf, keys[place]->hash});
  }
  for (int i = 0; i < std::min(response.leaves_size(), response.matched_size()); ++i) {
    const std::uint32_t leaf = response.leaves(i);
    if (leaf >= kTreeLeaves || !here.leaves.test(leaf)) continue;
    if (matched.leaf(leaf) == response.matched(i)) {
      out.done.set(leaf);
    } else {
      ++statistics_.confused;
    }
  }
  for (const auto& entry : response.entries()) out.beyond.emplace_back(entry.name(), Hlc{entry.newest_stamp()});
  return out;
}

Task<LeafSet> Exchange::step(TenantId tenant, PartitionId partition, NodeId peer, LeafSet leaves) {
  LATIUM_CO_TRY(const LeafContents here, co_await partitions_.contents(tenant, partition, leaves, kStepBytes));
  auto request = describe_contents(tenant, partition, here);
  const MonotonicTime deadline = saturating_add(runtime_.clock.monotonic_now(), kAnswerTimeout);
  LATIUM_CO_TRY(const auto response, co_await call_enveloped<repair::TreeDifferencesRequest, repair::TreeDifferencesResponse>(
                                         cluster_, transport_, peer, cluster_.epoch(), wire::METHOD_TREE_DIFFERENCES,
                                         std::move(request), {.deadline = deadline}));
  const Differences found = differences(here, response);
  if (response.leaves().empty() && found.beyond.empty()) {
    co_return fail(ErrorCode::internal, "node " + to_hex(peer.value) + " compares nothing of what it is asked");
  }
  std::map<BytesView, BucketItem> mine;  // by name
  for (const LeafContents::Key* const key : found.lacking) {
    BucketItem& item = mine[key->name];
    LATIUM_CO_TRY(item.key, key_of(tenant, partition, key->name));
    LATIUM_CO_TRY(item.offered, decode_versions(key->versions));
    LATIUM_CO_CHECKED(check_kind(item));
  }
  std::size_t bytes = here.keys.size() * 2 + found.lacking.size() * 4 + static_cast<std::size_t>(response.leaves_size()) * 12;
  // Of what both have, most often one version replaces the other: the newer one moves first, which as a rule is all.
  std::vector<DataKey> newer;
  for (const auto& [name, stamp] : found.beyond) {
    bytes += name.size() + sizeof stamp;
    const auto own = mine.find(name);
    if (own != mine.end() && own->second.offered.newest_stamp() > stamp) {
      own->second.digest_only = true;
    } else {
      LATIUM_CO_TRY(newer.emplace_back(), key_of(tenant, partition, name));
    }
  }
  for (const DataKey& key : newer) bytes += name_of(key).size();
  LATIUM_CO_TRY(std::vector<BucketItem> theirs, co_await fetch(peer, std::move(newer)));
  for (const BucketItem& item : theirs) {
    const auto own = mine.find(name_of(item.key));
    // What theirs is above brings them nothing.
    if (own != mine.end() && merge(own->second.offered, item.offered) == item.offered) mine.erase(own);
  }
  std::vector<BucketItem> offered;
  for (auto& [name, item] : mine) offered.push_back(std::move(item));
  bytes += bytes_of(offered);
  statistics_.sent += offered.size();
  const NodeId self = cluster_.self();
  LATIUM_CO_TRY(std::vector<DataKey> not_replaced, co_await offer(self, peer, std::move(offered)));
  LATIUM_CO_TRY(std::vector<BucketItem> beside, co_await fetch(peer, std::move(not_replaced)));
  std::ranges::move(beside, std::back_inserter(theirs));
  bytes += bytes_of(theirs);
  statistics_.received += theirs.size();
  statistics_.bytes += bytes;
  LATIUM_CO_CHECKED(co_await offer(peer, self, std::move(theirs)));
  LATIUM_CO_CHECKED(co_await pace_.take(bytes));
  co_return found.done;
}

Task<std::vector<BucketItem>> Exchange::fetch(NodeId peer, std::vector<DataKey> keys) {
  const auto answers = std::make_shared<Answers>();
  const auto items = std::make_shared<std::vector<BucketItem>>();
  for (DataKey& key : keys) {
    answers->expect();
    BucketItem question{.key = key, .offered = {}};
    links_.send(peer, cluster_.epoch(), std::move(question),
                [answers, items, key = std::move(key)](const Result<BucketAnswer>& answer) mutable {
                  if (answer && !answer->held.empty()) items->push_back({.key = std::move(key), .offered = answer->held});
                  answers->came(answer);
                });
  }
  LATIUM_CO_CHECKED(co_await answers->wait());
  for (const BucketItem& item : *items) LATIUM_CO_CHECKED(check_kind(item));
  co_return std::move(*items);
}

// `to` is offered what `from` has. What it knows to be gone is removed there too: it was collected, or never acknowledged.
Task<std::vector<DataKey>> Exchange::offer(NodeId from, NodeId to, std::vector<BucketItem> items) {
  struct Outcome {
    std::vector<BucketItem> gone;
    std::vector<DataKey> more;
  };
  const auto offers = std::make_shared<Answers>();
  const auto outcome = std::make_shared<Outcome>();
  for (BucketItem& item : items) {
    offers->expect();
    BucketItem drop{.key = item.key, .offered = {}, .drop = item.offered.digest()};
    links_.send(
        to, cluster_.epoch(), std::move(item),
        [offers, outcome, says_digest = item.digest_only, drop = std::move(drop)](const Result<BucketAnswer>& answer) mutable {
          if (answer && answer->obsolete) {
            outcome->gone.push_back(std::move(drop));
          } else if (answer && says_digest && answer->digest != drop.drop) {
            outcome->more.push_back(std::move(drop.key));
          }
          offers->came(answer);
        });
  }
  LATIUM_CO_CHECKED(co_await offers->wait());
  const auto drops = std::make_shared<Answers>();
  for (BucketItem& drop : outcome->gone) {
    drops->expect();
    links_.send(from, cluster_.epoch(), std::move(drop), [drops](const Result<BucketAnswer>& answer) { drops->came(answer); });
  }
  LATIUM_CO_CHECKED(co_await drops->wait());
  co_return std::move(outcome->more);
}

Task<repair::TreeLeavesResponse> Exchange::answer_leaves(const repair::TreeLeavesRequest& request) {
  const bool by_groups = request.groups_size() == static_cast<int>(kTreeGroups);
  const bool by_number = request.groups().empty() && request.leaves().size() == kTreeLeaves / 8;
  if (!by_groups && !by_number) co_return fail(ErrorCode::invalid_argument, "a tree of another shape is compared");
  LATIUM_CO_CHECKED(check_copied(cluster_, request.partition()));
  LATIUM_CO_TRY(const PartitionTree tree,
                co_await partitions_.tree(TenantId{request.partition().tenant()}, partition_in(request.partition())));
  repair::TreeLeavesResponse response;
  const LeafSet numbers = by_number ? leaves_in(request.leaves()) : LeafSet();
  for (std::size_t i = 0; i < kTreeLeaves; ++i) {
    if (numbers.test(i)) response.add_leaves(tree.leaf(i));
  }
  const auto groups = tree.groups();
  for (std::size_t i = 0; by_groups && i < kTreeGroups; ++i) {
    if (groups[i] == request.groups(static_cast<int>(i))) continue;
    auto& group = *response.add_groups();
    group.set_number(static_cast<std::uint32_t>(i));
    for (const std::uint64_t leaf : tree.leaves_of(i)) group.add_leaves(leaf);
  }
  co_return response;
}

Task<repair::TreeDifferencesResponse> Exchange::answer_differences(const repair::TreeDifferencesRequest& request) {
  LATIUM_CO_CHECKED(check_copied(cluster_, request.partition()));
  LeafSet leaves;
  std::unordered_multimap<std::uint64_t, std::uint32_t> asked;  // by leaf and mark: its place
  std::uint32_t place = 0;
  for (const auto& leaf : request.leaves()) {
    if (leaf.number() >= kTreeLeaves) co_return fail(ErrorCode::invalid_argument, "a leaf is asked for that no tree has");
    leaves.set(leaf.number());
    for (std::size_t at = 0; at + 1 < leaf.marks().size(); at += 2) {
      asked.emplace(marked(leaf.number(), mark_at(leaf.marks(), at)), place++);
    }
  }
  LATIUM_CO_TRY(const LeafContents here, co_await partitions_.contents(TenantId{request.partition().tenant()},
                                                                       partition_in(request.partition()), leaves, kStepBytes));
  repair::TreeDifferencesResponse response;
  LeafSet done = here.leaves;
  std::size_t bytes = 0;
  PartitionTree matched;
  for (const LeafContents::Key& key : here.keys) {
    if (const auto same = asked.find(marked(key.leaf, mark_of(key.hash, request.factor()))); same != asked.end()) {
      asked.erase(same);
      matched.toggle({key.leaf, key.hash});
      continue;
    }
    bytes += key.name.size() + key.versions.size();
    if (bytes > kAnswerBytes && response.entries_size() > 0) {
      done.reset(key.leaf);
      continue;
    }
    LATIUM_CO_TRY(const VersionSet held, decode_versions(key.versions));
    auto& out = *response.add_entries();
    out.set_name(key.name);
    out.set_newest_stamp(held.newest_stamp().value);
  }
  for (std::size_t i = 0; i < kTreeLeaves; ++i) {
    if (!done.test(i)) continue;
    response.add_leaves(static_cast<std::uint32_t>(i));
    response.add_matched(matched.leaf(i));
  }
  for (const auto& [leaf_and_mark, left] : asked) {
    if (done.test(leaf_and_mark >> 16)) response.add_lacking_places(left);
  }
  co_return response;
}

// Nobody but a replica has a tree; another node that is asked was meant under another map.
Result<void> check_copied(const ClusterView& cluster, const repair::PartitionName& partition) {
  LATIUM_TRY(const ReplicaSet set, cluster.replicas(TenantId{partition.tenant()}, partition_in(partition)));
  if (set.index_of(cluster.self()) < set.size()) return {};
  return fail(ErrorCode::invalid_argument, "node " + to_hex(cluster.self().value) + " is no replica of partition " +
                                               std::to_string(partition.partition()) + " of tenant " +
                                               std::to_string(partition.tenant()));
}

}  // namespace latium

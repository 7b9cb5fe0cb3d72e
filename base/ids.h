// Strong ids: values that must not be mixed up get types of their own.
#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace latium {

/// A number with a type. `Tag` tells one kind of id from another and is never defined.
template <class Tag, class Rep = std::uint64_t>
struct StrongId {
  using rep = Rep;
  Rep value{};

  friend auto operator<=>(const StrongId&, const StrongId&) = default;
  explicit operator bool() const { return value != Rep{}; }
};

/// 64 random bits, made at the first start of a node and kept in its data directory. 0 = none.
using NodeId = StrongId<struct NodeIdTag>;
/// 64 random bits, made when a cluster is bootstrapped. 0 = none yet.
using ClusterId = StrongId<struct ClusterIdTag>;
/// Goes up each time a node starts with an empty or restored data directory; (NodeId, Incarnation) names the actor of a version.
using Incarnation = StrongId<struct IncarnationTag, std::uint32_t>;
/// Never reused inside a cluster; the first four bytes of every key.
using TenantId = StrongId<struct TenantIdTag, std::uint32_t>;
/// One of a tenant's equal shares of the hash space: [0, partitions).
using PartitionId = StrongId<struct PartitionIdTag, std::uint16_t>;
/// Version of the topology.
using Epoch = StrongId<struct EpochTag>;

/// 16 lower-case hexadecimal digits.
std::string to_hex(std::uint64_t value);
/// The inverse of to_hex: exactly 1 to 16 hexadecimal digits, else nothing.
std::optional<std::uint64_t> from_hex(std::string_view text);

}  // namespace latium

template <class Tag, class Rep>
struct std::hash<latium::StrongId<Tag, Rep>> {
  std::size_t operator()(const latium::StrongId<Tag, Rep>& id) const noexcept { return std::hash<Rep>{}(id.value); }
};

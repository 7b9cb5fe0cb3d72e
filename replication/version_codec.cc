#include <algorithm>
#include <utility>

#include "base/hash.h"
#include "base/varint.h"
#include "replication/version.h"

namespace latium {

namespace {

constexpr char kLastWriteWins = 2;
constexpr char kSiblings = 3;
constexpr char kTokenOfAnyKey = 1;
constexpr char kToken = 2;

constexpr unsigned char kTombstone = 1;
constexpr unsigned char kExpires = 2;

std::unexpected<Error> corrupt(const char* what) {
  return fail(ErrorCode::corruption, std::string("a stored set of versions ") + what);
}

std::unexpected<Error> unknown_format(unsigned char format) {
  return fail(ErrorCode::corruption, "a stored set of versions has the unknown format " + std::to_string(format));
}

Result<std::uint64_t> take_word(BytesView& in) {
  if (in.size() < 8) return corrupt("is cut short");
  const std::uint64_t value = get_u64(in.data());
  in.remove_prefix(8);
  return value;
}

Result<unsigned char> take_byte(BytesView& in) {
  if (in.empty()) return corrupt("is cut short");
  const auto value = static_cast<unsigned char>(in.front());
  in.remove_prefix(1);
  return value;
}

void put_dot(Bytes& out, const Dot& dot) {
  put_u64(out, dot.actor.value);
  put_varint(out, dot.counter);
}

Result<Dot> take_dot(BytesView& in) {
  LATIUM_TRY(const std::uint64_t actor, take_word(in));
  LATIUM_TRY(const std::uint64_t counter, take_varint(in));
  return Dot{NodeId{actor}, counter};
}

void put_dots(Bytes& out, const std::vector<Dot>& dots) {
  put_varint(out, dots.size());
  for (const Dot& dot : dots) put_dot(out, dot);
}

// Everything of a version but its value.
void put_head(Bytes& out, const VersionedValue& version) {
  const bool expires = version.expires_ms != 0;
  out.push_back(static_cast<char>((version.tombstone ? kTombstone : 0) | (expires ? kExpires : 0)));
  put_u64(out, version.stamp.value);
  put_dot(out, version.dot);
  if (expires) put_varint(out, version.expires_ms);
}

Result<VersionedValue> take_head(BytesView& in) {
  LATIUM_TRY(const unsigned char flags, take_byte(in));
  if ((flags & ~(kTombstone | kExpires)) != 0) return corrupt("has unknown flags");
  VersionedValue version;
  version.tombstone = (flags & kTombstone) != 0;
  LATIUM_TRY(version.stamp.value, take_word(in));
  LATIUM_TRY(version.dot, take_dot(in));
  if ((flags & kExpires) != 0) {
    LATIUM_TRY(version.expires_ms, take_varint(in));
    if (version.expires_ms == 0) return corrupt("expires at 0");
  }
  return version;
}

Result<VersionSet> take_last_write(BytesView in) {
  VersionSet set;
  LATIUM_TRY(VersionedValue version, take_head(in));
  if (version.tombstone && !in.empty()) return corrupt("has a value and is deleted");
  version.value = Bytes(in);
  set.versions.push_back(std::move(version));
  return set;
}

Result<VersionSet> take_siblings(BytesView in) {
  VersionSet set{Conflicts::siblings, {}, {}};
  LATIUM_TRY(set.context, CausalContext::take(in));
  if (set.context.empty()) return corrupt("has no context");
  LATIUM_TRY(const std::uint64_t count, take_varint(in));
  for (std::uint64_t i = 0; i < count; ++i) {
    LATIUM_TRY(VersionedValue version, take_head(in));
    if (version.tombstone) return corrupt("has a deletion beside its siblings");
    if (i > 0 && version.dot <= set.versions.back().dot) return corrupt("is not in order");
    if (!set.context.covers(version.dot)) return corrupt("has a version outside its context");
    LATIUM_TRY(const BytesView value, take_length_prefixed(in));
    version.value = Bytes(value);
    set.versions.push_back(std::move(version));
  }
  if (!in.empty()) return corrupt("goes on after its end");
  return set;
}

}  // namespace

void CausalContext::encode(Bytes& out) const {
  put_dots(out, prefixes_);
  put_dots(out, dots_);
}

Result<CausalContext> CausalContext::take(BytesView& in) {
  CausalContext context;
  LATIUM_TRY(const std::uint64_t prefixes, take_varint(in));
  for (std::uint64_t i = 0; i < prefixes; ++i) {
    LATIUM_TRY(const Dot dot, take_dot(in));
    const auto whose = [](const Dot& each) { return std::pair(each.actor, each.life()); };
    if (i > 0 && whose(dot) <= whose(context.prefixes_.back())) return corrupt("has a context out of order");
    context.prefixes_.push_back(dot);
  }
  LATIUM_TRY(const std::uint64_t dots, take_varint(in));
  for (std::uint64_t i = 0; i < dots; ++i) {
    LATIUM_TRY(const Dot dot, take_dot(in));
    if (i > 0 && dot <= context.dots_.back()) return corrupt("has a context out of order");
    if (context.covers(dot)) return corrupt("has a dot twice in its context");
    context.dots_.push_back(dot);
  }
  return context;
}

Bytes encode_last_write(const VersionedValue& version) {
  Bytes out;
  out.reserve(40 + version.value.size());
  out.push_back(kLastWriteWins);
  put_head(out, version);
  out.append(version.value);
  return out;
}

Result<VersionedValue> decode_last_write(Bytes stored) {
  BytesView in = stored;
  LATIUM_TRY(const unsigned char format, take_byte(in));
  if (format != kLastWriteWins) return unknown_format(format);
  LATIUM_TRY(VersionedValue version, take_head(in));
  if (version.tombstone && !in.empty()) return corrupt("has a value and is deleted");
  stored.erase(0, stored.size() - in.size());
  version.value = std::move(stored);
  return version;
}

std::uint64_t expiry_of_last_write(BytesView stored) {
  const auto format = take_byte(stored);
  if (!format || *format != kLastWriteWins) return 0;
  const auto version = take_head(stored);
  return version ? version->expires_ms : 0;
}

Bytes encode_versions(const VersionSet& set) {
  Bytes out;
  if (set.conflicts == Conflicts::last_write_wins) return encode_last_write(set.versions.front());
  out.push_back(kSiblings);
  set.context.encode(out);
  put_varint(out, set.versions.size());
  for (const VersionedValue& version : set.versions) {
    put_head(out, version);
    put_length_prefixed(out, version.value);
  }
  return out;
}

Result<VersionSet> decode_versions(BytesView stored) {
  LATIUM_TRY(const unsigned char format, take_byte(stored));
  if (format == kLastWriteWins) return take_last_write(stored);
  if (format == kSiblings) return take_siblings(stored);
  return unknown_format(format);
}

std::uint64_t VersionSet::digest() const {
  return empty() ? 0 : digest_of(encode_versions(*this));
}

std::uint64_t digest_of(BytesView stored) {
  return stored.empty() ? 0 : xxh3_64(stored);
}

Bytes encode_context_token(const ContextToken& token) {
  Bytes out;
  out.push_back(token.key == 0 ? kTokenOfAnyKey : kToken);
  put_u64(out, token.stamp.value);
  if (token.key != 0) put_u64(out, token.key);
  token.context.encode(out);
  return out;
}

Result<ContextToken> decode_context_token(BytesView token, std::uint64_t key) {
  const auto refused = [] {
    return fail(ErrorCode::invalid_argument, "the context is none that a read has given: give it on as it came, or leave it out");
  };
  ContextToken out;
  if (token.empty() || (token.front() != kToken && token.front() != kTokenOfAnyKey)) return refused();
  const bool names_key = token.front() == kToken;
  token.remove_prefix(1);
  const auto stamp = take_word(token);
  if (!stamp) return refused();
  out.stamp = Hlc{*stamp};
  if (names_key) {
    const auto of = take_word(token);
    if (!of) return refused();
    out.key = *of;
  }
  auto context = CausalContext::take(token);
  if (!context || !token.empty()) return refused();
  if (out.key != 0 && out.key != key) {
    return fail(ErrorCode::invalid_argument,
                "the context was read of another key: read this one, and give on the context of that");
  }
  out.context = *std::move(context);
  return out;
}

}  // namespace latium

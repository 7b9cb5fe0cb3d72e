// The record of a register on disk. Byte table: docs/formats.md.
#include <utility>

#include "base/varint.h"
#include "replication/acceptor.h"

namespace latium {

namespace {

constexpr char kFormat = 1;

enum Flag : std::uint8_t { kHasAccepted = 1, kAcceptedIsChosen = 2, kHasOlderChosen = 4, kAcceptedFast = 8 };
constexpr std::uint8_t kKnownFlags = kHasAccepted | kAcceptedIsChosen | kHasOlderChosen | kAcceptedFast;

void put_request(Bytes& out, RequestId request) {
  put_u64(out, request.high);
  put_u64(out, request.low);
}

void put_state(Bytes& out, const RegisterState& state) {
  put_varint(out, state.version);
  put_request(out, state.last_request);
  out.push_back(static_cast<char>(state.earlier.size()));
  for (std::size_t place = 0; place < state.earlier.size(); ++place) put_request(out, state.earlier[place]);
  // 0: not present; otherwise one more than the length.
  put_varint(out, state.present ? state.value.size() + 1 : 0);
  out.append(state.value);
}

std::unexpected<Error> malformed(const char* what) {
  return fail(ErrorCode::corruption, std::string("a register's record ") + what);
}

Result<Ballot> take_ballot(BytesView& in) {
  if (in.size() < kBallotBytes) return malformed("is cut short in a ballot");
  const Ballot ballot = get_ballot(in.data());
  in.remove_prefix(kBallotBytes);
  return ballot;
}

Result<RequestId> take_request(BytesView& in) {
  if (in.size() < 16) return malformed("is cut short in a request id");
  const RequestId request{get_u64(in.data()), get_u64(in.data() + 8)};
  in.remove_prefix(16);
  return request;
}

// Every earlier request made a version of its own.
Result<RequestLineage> take_earlier(BytesView& in, std::uint64_t version) {
  if (in.empty()) return malformed("is cut short before its earlier requests");
  const auto count = static_cast<std::uint8_t>(in.front());
  in.remove_prefix(1);
  if (count > RequestLineage::kMax || (count > 0 && count >= version)) return malformed("has too many earlier requests");
  RequestLineage earlier;
  while (earlier.size() < count) {
    LATIUM_TRY(const RequestId request, take_request(in));
    earlier.push_oldest(request);
  }
  return earlier;
}

// `out`: null to pass over it.
Result<void> take_state(BytesView& in, RegisterState* out) {
  LATIUM_TRY(const std::uint64_t version, take_varint(in));
  LATIUM_TRY(const RequestId request, take_request(in));
  LATIUM_TRY(const RequestLineage earlier, take_earlier(in, version));
  LATIUM_TRY(const std::uint64_t size, take_varint(in));
  if (size > 0 && in.size() < size - 1) return malformed("is cut short in its value");
  const BytesView value = in.substr(0, size > 0 ? size - 1 : 0);
  in.remove_prefix(value.size());
  if (out != nullptr) *out = {version, request, size > 0, Bytes(value), earlier};
  return {};
}

struct Header {
  std::uint8_t flags = 0;
  Ballot promised;
};

Result<Header> take_header(BytesView& in) {
  if (in.size() < 2) return malformed("is cut short");
  if (in.front() != kFormat) return malformed("has an unknown format: it was written by a newer version");
  const auto flags = static_cast<std::uint8_t>(in[1]);
  in.remove_prefix(2);
  const bool possible =
      (flags & ~kKnownFlags) == 0 && (flags & (kAcceptedIsChosen | kHasOlderChosen)) != (kAcceptedIsChosen | kHasOlderChosen) &&
      ((flags & kHasAccepted) != 0 || flags == 0) && ((flags & kAcceptedFast) == 0 || (flags & kAcceptedIsChosen) == 0);
  if (!possible) return malformed("has impossible flags");
  LATIUM_TRY(const Ballot promised, take_ballot(in));
  return Header{flags, promised};
}

}  // namespace

Bytes encode_acceptor(const AcceptorRecord& record) {
  const bool accepted_is_chosen = record.accepted && record.chosen == record.accepted;
  std::uint8_t flags = 0;
  if (record.accepted) flags |= kHasAccepted;
  if (accepted_is_chosen) flags |= kAcceptedIsChosen;
  if (record.chosen_state) flags |= kHasOlderChosen;
  if (record.fast) flags |= kAcceptedFast;
  Bytes out;
  out.reserve(2 + 3 * kBallotBytes + 2 * (40 + 16 * RequestLineage::kMax) + record.state.value.size() +
              (record.chosen_state ? record.chosen_state->value.size() : 0));
  out.push_back(kFormat);
  out.push_back(static_cast<char>(flags));
  put_ballot(out, record.promised);
  if (!record.accepted) return out;
  put_ballot(out, record.accepted);
  put_state(out, record.state);
  if (record.chosen_state) {
    put_ballot(out, record.chosen);
    put_state(out, *record.chosen_state);
  }
  return out;
}

Result<AcceptorRecord> decode_acceptor(BytesView in) {
  LATIUM_TRY(const Header header, take_header(in));
  AcceptorRecord record;
  record.promised = header.promised;
  if (header.flags & kHasAccepted) {
    LATIUM_TRY(record.accepted, take_ballot(in));
    LATIUM_CHECKED(take_state(in, &record.state));
    record.fast = (header.flags & kAcceptedFast) != 0;
    if (header.flags & kAcceptedIsChosen) record.chosen = record.accepted;
    if (header.flags & kHasOlderChosen) {
      LATIUM_TRY(record.chosen, take_ballot(in));
      LATIUM_CHECKED(take_state(in, &record.chosen_state.emplace()));
    }
  }
  if (!in.empty()) return malformed("has bytes behind its end");
  if (record.accepted > record.promised || record.chosen > record.accepted) return malformed("has ballots out of order");
  return record;
}

Result<RegisterState> decode_last_chosen(BytesView in) {
  LATIUM_TRY(const Header header, take_header(in));
  RegisterState state;
  if ((header.flags & (kAcceptedIsChosen | kHasOlderChosen)) == 0) return state;
  LATIUM_TRY([[maybe_unused]] const Ballot accepted, take_ballot(in));
  const bool older = (header.flags & kHasOlderChosen) != 0;
  LATIUM_CHECKED(take_state(in, older ? nullptr : &state));
  if (older) {
    LATIUM_TRY([[maybe_unused]] const Ballot chosen, take_ballot(in));
    LATIUM_CHECKED(take_state(in, &state));
  }
  return state;
}

}  // namespace latium

// Stored keys, versions and tenant records: arbitrary bytes are refused as corruption or decode to what encodes back.
#include <cstddef>
#include <cstdint>

#include "base/check.h"
#include "replication/hint_book.h"
#include "replication/version.h"
#include "ring/tenant.h"
#include "store/key_layout.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const latium::BytesView bytes(reinterpret_cast<const char*>(data), size);
  if (const auto key = latium::parse_data_key(bytes)) {
    LATIUM_CHECK(latium::data_key(key->tenant, key->partition, key->bucket, key->user_key) == bytes);
  } else {
    LATIUM_CHECK(key.error().code == latium::ErrorCode::corruption);
  }
  if (const auto held = latium::decode_versions(bytes)) {
    LATIUM_CHECK(latium::encode_versions(*held) == bytes);
    LATIUM_CHECK(latium::merge(*held, *held) == *held);
    LATIUM_CHECK(latium::decode_context_token(latium::encode_context_token(*held, 7), 7)->context == held->context);
  } else {
    LATIUM_CHECK(held.error().code == latium::ErrorCode::corruption);
  }
  if (const auto hint = latium::parse_hint_key(bytes)) LATIUM_CHECK(latium::hint_key(hint->first, hint->second) == bytes);
  if (const auto tenant = latium::decode_tenant(bytes)) {
    // Protobuf takes several encodings of one message; the value is what must survive.
    const auto again = latium::decode_tenant(latium::encode_tenant(*tenant));
    LATIUM_CHECK(again && *again == *tenant);
  }
  return 0;
}

// Parsing request messages and making response bytes.
#pragma once

#include <google/protobuf/arena.h>
#include <google/protobuf/message_lite.h>

#include "base/bytes.h"
#include "base/result.h"

namespace latium {

/// `invalid_argument` when the bytes are no such message.
template <class Message>
Result<Message> parse_request(BytesView bytes) {
  Message message;
  if (!message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return fail(ErrorCode::invalid_argument, "the request is not a valid " + std::string(message.GetTypeName()));
  }
  return message;
}

/// The same, made on `arena`, which owns it.
template <class Message>
Result<Message*> parse_request(BytesView bytes, google::protobuf::Arena& arena) {
  auto* const message = google::protobuf::Arena::CreateMessage<Message>(&arena);
  if (!message->ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return fail(ErrorCode::invalid_argument, "the request is not a valid " + std::string(message->GetTypeName()));
  }
  return message;
}

}  // namespace latium

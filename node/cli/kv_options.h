// Arguments that several commands take.
#pragma once

#include <string>

#include "node/cli/context.h"
#include "proto/client.pb.h"

namespace latium::cli {

/// Each `invalid_argument` naming the option and what it may be.
Result<Target> parse_target(const std::string& text);
Result<Encoding> parse_encoding(const std::string& text);
Result<client::Durability> parse_durability(const std::string& text);
/// `option`: --w or --r.
Result<client::Level> parse_level(const char* option, const std::string& text);
/// A context as context_text() shows it; empty: none.
Result<Bytes> parse_context(const std::string& text);

}  // namespace latium::cli

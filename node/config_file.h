// The TOML configuration of a node: each key is the name of a field of NodeOptions.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "latium/options.h"

namespace latium {

/// Sets in `options` what `text` names. `name` is for messages. `invalid_argument` with line and key on a syntax error, an
/// unknown key (the known ones are listed) or a value of the wrong type; bounds are validate()'s business.
Result<void> apply_config(std::string_view text, std::string_view name, NodeOptions& options);

/// The same from a file. `invalid_argument` too when it cannot be read.
Result<void> load_config(const std::string& path, NodeOptions& options);

}  // namespace latium

// The parts of a history's JSON that its writer and its parser share with those of transactions.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "tests/sim/micro_op.h"

namespace latium::sim {

/// As a JSON string: bytes above 0x7E as the code points of the same number, so that any bytes make valid JSON and can be had
/// back.
void put_json(std::string& out, BytesView bytes);

/// The bytes of a JSON string in a field of that name. `invalid_argument`.
Result<Bytes> bytes_of_json(const nlohmann::json& value, std::string_view name);

/// `"name" is ... and must be ...`
std::unexpected<Error> wrong_json(std::string_view name, const nlohmann::json& found, std::string_view wanted);

/// A JSON array of all, or of only those that change something.
void put_ops(std::string& out, const std::vector<MicroOp>& ops, bool only_changes);

/// What put_ops wrote. `invalid_argument`.
Result<std::vector<MicroOp>> ops_of_json(const nlohmann::json& list);

}  // namespace latium::sim

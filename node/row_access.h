// Rows of tables between messages and the relational layer.
#pragma once

#include "latium/session.h"
#include "relational/named_row.h"
#include "relational/table_check.h"

namespace latium {

namespace client {
class Row;
class RowFindRequest;
}  // namespace client

/// `invalid_argument`: not as many values as names, or bytes that are none.
Result<NamedValues> from_message(const client::Row& message);
void to_message(const std::vector<std::string>& columns, const std::vector<Value>& values, client::Row& out);
void to_message(const NamedValues& values, client::Row& out);

/// A tuple as it came. `invalid_argument`, naming `what`.
Result<std::vector<Value>> tuple_from_message(const char* what, BytesView bytes);
/// As it is sent; what has no place in a key (NaN, text that is not UTF-8) is sent as something that no node takes for a value.
Bytes tuple_to_message(const std::vector<Value>& values);

Result<RowRange> from_message(const client::RowFindRequest& message);

}  // namespace latium

// The commands of rows as latium.replica messages.
#pragma once

#include "replication/row_commands.h"

namespace latium::replica {
class RowCommand;
}  // namespace latium::replica

namespace latium {

void to_message(const RowCommand& command, replica::RowCommand& out);
/// `invalid_argument` on what to_message cannot have made. What no correct caller sends is left to apply_row to refuse.
Result<RowCommand> from_message(const replica::RowCommand& message);

}  // namespace latium

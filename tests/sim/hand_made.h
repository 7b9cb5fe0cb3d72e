// Short forms for hand-made histories. Times are nanoseconds; "" stands for absent.
#pragma once

#include <string>
#include <vector>

#include "tests/sim/history.h"

namespace latium::sim::hand_made {

inline std::optional<Bytes> value_of(std::string_view text) {
  return text.empty() ? std::nullopt : std::optional<Bytes>(text);
}

inline Operation operation(int process, std::string op, int start, int end) {
  Operation made;
  made.process = process;
  made.op = std::move(op);
  made.key = "k";
  made.outcome = Outcome::ok;
  made.start = Duration(start);
  made.end = Duration(end);
  return made;
}
inline Operation write(int process, std::string_view value, int start, int end) {
  Operation made = operation(process, "write", start, end);
  made.value = value_of(value);
  return made;
}
inline Operation remove(int process, int start, int end) {
  return operation(process, "remove", start, end);
}
inline Operation read(int process, std::string_view value, int start, int end) {
  Operation made = operation(process, "read", start, end);
  made.value = value_of(value);
  return made;
}
inline Operation local_read(int process, std::string_view value, int start, int end) {
  Operation made = read(process, value, start, end);
  made.op = "local_read";
  return made;
}
inline Operation cas(int process, std::string_view from, std::string_view to, int start, int end) {
  Operation made = write(process, to, start, end);
  made.op = "cas";
  made.expected = value_of(from);
  made.applied = true;
  return made;
}
/// Refused without word of what was there.
inline Operation refused(int process, std::string_view from, std::string_view to, int start, int end) {
  Operation made = cas(process, from, to, start, end);
  made.applied = false;
  return made;
}
inline Operation refused(int process, std::string_view from, std::string_view to, std::string_view found, int start, int end) {
  Operation made = refused(process, from, to, start, end);
  made.found = value_of(found);
  return made;
}

inline Operation lock_operation(int process, std::string op, std::uint64_t token, int start, int end) {
  Operation made = operation(process, std::move(op), start, end);
  made.owner = "owner" + std::to_string(process);
  made.token = token;
  return made;
}
inline Operation acquire(int process, std::uint64_t token, int start, int end) {
  return lock_operation(process, "acquire", token, start, end);
}
inline Operation renew(int process, std::uint64_t token, int start, int end) {
  return lock_operation(process, "renew", token, start, end);
}
inline Operation release(int process, std::uint64_t token, int start, int end) {
  return lock_operation(process, "release", token, start, end);
}
inline Operation guarded(int process, std::uint64_t token, bool accepted, int start, int end) {
  Operation made = lock_operation(process, "guarded_write", token, start, end);
  made.applied = accepted;
  return made;
}

/// The same operation with another end: its client was not told what came of it, or that nothing did.
inline Operation ended(Operation made, Outcome outcome) {
  made.outcome = outcome;
  made.applied.reset();
  made.found.reset();
  if (made.op == "acquire") made.token.reset();
  return made;
}
inline Operation info(Operation made) {
  return ended(std::move(made), Outcome::info);
}
inline Operation failed(Operation made) {
  return ended(std::move(made), Outcome::fail);
}
inline Operation running(Operation made) {
  made = ended(std::move(made), Outcome::running);
  made.end = Duration(0);
  return made;
}

inline History history_of(std::vector<Operation> operations) {
  History history;
  for (Operation& each : operations) history.add(std::move(each));
  return history;
}

}  // namespace latium::sim::hand_made

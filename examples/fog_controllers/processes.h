// Child processes: latiumd nodes, and the `latium` command.
#pragma once

#include <latium/error.h>
#include <sys/types.h>

#include <string>
#include <vector>

namespace fog {

/// A latiumd on loopback, on a port that the system picks. Killed when this ends.
class Daemon {
 public:
  /// Waits until it serves. `unavailable`: it did not start.
  static latium::Result<Daemon> start(std::vector<std::string> command);
  Daemon(Daemon&& other) noexcept;
  Daemon& operator=(Daemon&& other) noexcept;
  ~Daemon() { kill(); }

  /// SIGKILL, and waits for its end.
  void kill();
  bool running() const { return pid_ > 0; }
  const std::string& address() const { return address_; }

 private:
  Daemon(pid_t pid, int output, std::string address) : pid_(pid), output_(output), address_(std::move(address)) {}

  pid_t pid_ = -1;
  int output_ = -1;
  std::string address_;
};

/// Runs a command and waits for it. `internal` with what it said when its exit status is not 0.
latium::Result<std::string> run_command(const std::vector<std::string>& command);

}  // namespace fog

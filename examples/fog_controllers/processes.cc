#include "examples/fog_controllers/processes.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

extern char** environ;

namespace fog {

namespace {

using latium::Error;
using latium::ErrorCode;

struct Child {
  pid_t pid = -1;
  int output = -1;  // what it writes to stdout, and stderr if asked for
};

latium::Result<Child> spawn(const std::vector<std::string>& command, bool with_errors) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
    return std::unexpected(Error(ErrorCode::io_error, std::string("cannot make a pipe: ") + std::strerror(errno)));
  }
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
  if (with_errors) posix_spawn_file_actions_adddup2(&actions, ends[1], STDERR_FILENO);
  std::vector<char*> arguments;
  for (const std::string& argument : command) arguments.push_back(const_cast<char*>(argument.c_str()));
  arguments.push_back(nullptr);
  Child child;
  const int failed = posix_spawn(&child.pid, arguments[0], &actions, nullptr, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  ::close(ends[1]);
  child.output = ends[0];
  if (failed == 0) return child;
  ::close(ends[0]);
  return std::unexpected(Error(ErrorCode::unavailable, "cannot start '" + command[0] + "': " + std::strerror(failed) +
                                                           "; build it, or name its folder with --programs"));
}

// Up to the end of the line, or of all.
std::string read_from(int file, bool line_only) {
  std::string out;
  char c = 0;
  for (;;) {
    const ssize_t count = ::read(file, &c, 1);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0 || (line_only && c == '\n')) return out;
    out += c;
  }
}

int wait_for(pid_t pid) {
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  return status;
}

}  // namespace

latium::Result<Daemon> Daemon::start(std::vector<std::string> command) {
  auto child = spawn(command, false);
  if (!child) return std::unexpected(child.error());
  const std::string line = read_from(child->output, true);
  const std::size_t listen = line.find("listen=");
  Daemon daemon(child->pid, child->output, listen == std::string::npos ? "" : line.substr(listen + 7));
  if (line.starts_with("ready ") && !daemon.address_.empty()) return daemon;
  return std::unexpected(Error(ErrorCode::unavailable, "latiumd did not start: its message is above"));
}

Daemon::Daemon(Daemon&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)), output_(std::exchange(other.output_, -1)), address_(std::move(other.address_)) {}

Daemon& Daemon::operator=(Daemon&& other) noexcept {
  std::swap(pid_, other.pid_);
  std::swap(output_, other.output_);
  std::swap(address_, other.address_);
  return *this;
}

void Daemon::kill() {
  if (pid_ > 0) {
    ::kill(pid_, SIGKILL);
    wait_for(pid_);
  }
  if (output_ >= 0) ::close(output_);
  pid_ = output_ = -1;
}

latium::Result<std::string> run_command(const std::vector<std::string>& command) {
  auto child = spawn(command, true);
  if (!child) return std::unexpected(child.error());
  std::string said = read_from(child->output, false);
  ::close(child->output);
  const int status = wait_for(child->pid);
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return said;
  return std::unexpected(Error(ErrorCode::internal, "'" + command[0] + "' failed: " + said));
}

}  // namespace fog

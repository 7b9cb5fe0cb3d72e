// latium: the command line of a cluster.
#include <signal.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <iostream>
#include <streambuf>

#include "node/cli/run_latium.h"

namespace {

std::atomic<bool> interrupted{false};

// The first interruption ends the command in good order, the second one at once.
const std::atomic<bool>* watch_interrupts() {
  struct sigaction action = {};
  action.sa_handler = [](int) { interrupted.store(true); };
  action.sa_flags = static_cast<int>(SA_RESETHAND);
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
  return &interrupted;
}

// Standard input without std::cin's habit of asking again after an interruption.
class StandardInput final : public std::streambuf {
 protected:
  int_type underflow() override {
    ssize_t count = -1;
    do {
      count = interrupted.load() ? 0 : ::read(STDIN_FILENO, buffer_.data(), buffer_.size());
    } while (count < 0 && errno == EINTR);
    if (count <= 0) return traits_type::eof();
    setg(buffer_.data(), buffer_.data(), buffer_.data() + count);
    return traits_type::to_int_type(buffer_[0]);
  }

 private:
  std::array<char, 64u << 10> buffer_;
};

}  // namespace

int main(int argc, char** argv) {
  std::ios::sync_with_stdio(false);
  const char* node = std::getenv("LATIUM_NODE");
  const latium::cli::Environment environment{.node = node != nullptr ? node : "",
                                             .out_is_terminal = ::isatty(STDOUT_FILENO) == 1,
                                             .err_is_terminal = ::isatty(STDERR_FILENO) == 1,
                                             .watch_interrupts = watch_interrupts};
  StandardInput input;
  std::istream in(&input);
  return latium::cli::run_latium({argv + 1, argv + argc}, in, std::cout, std::cerr, environment);
}

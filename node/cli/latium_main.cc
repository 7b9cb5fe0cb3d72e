// latium: the command line of a cluster.
#include <editline/readline.h>
#include <signal.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <optional>
#include <streambuf>
#include <string>

#include "node/cli/run_latium.h"

namespace {

std::atomic<bool> interrupted{false};

void catch_interrupts() {
  struct sigaction action = {};
  action.sa_handler = [](int) { interrupted.store(true); };
  action.sa_flags = static_cast<int>(SA_RESETHAND);
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
}

// The first interruption ends the command in good order, the second one at once.
const std::atomic<bool>* watch_interrupts() {
  catch_interrupts();
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

// A person's lines: editing and history are those of libedit, kept in ~/.latium_history.
class EditedLines final : public latium::cli::LineSource {
 public:
  EditedLines() {
    const char* home = std::getenv("HOME");
    if (home != nullptr) file_ = std::string(home) + "/.latium_history";
    using_history();
    stifle_history(kHistoryLines);
    if (!file_.empty()) read_history(file_.c_str());
  }
  ~EditedLines() override {
    if (!file_.empty()) write_history(file_.c_str());
  }

  std::optional<std::string> next(const std::string& prompt) override {
    const std::unique_ptr<char, decltype(&std::free)> line(readline(prompt.c_str()), &std::free);
    if (!line) return std::nullopt;
    if (*line != '\0') add_history(line.get());
    return std::string(line.get());
  }
  void forget_interrupt() override {
    interrupted.store(false);
    catch_interrupts();
  }

 private:
  static constexpr int kHistoryLines = 1000;
  std::string file_;
};

}  // namespace

int main(int argc, char** argv) {
  std::ios::sync_with_stdio(false);
  const char* node = std::getenv("LATIUM_NODE");
  latium::cli::Environment environment{.node = node != nullptr ? node : "",
                                       .out_is_terminal = ::isatty(STDOUT_FILENO) == 1,
                                       .err_is_terminal = ::isatty(STDERR_FILENO) == 1,
                                       .watch_interrupts = watch_interrupts,
                                       .edit_lines = {}};
  if (::isatty(STDIN_FILENO) == 1 && environment.out_is_terminal) {
    environment.edit_lines = [] { return std::make_unique<EditedLines>(); };
  }
  StandardInput input;
  std::istream in(&input);
  return latium::cli::run_latium({argv + 1, argv + argc}, in, std::cout, std::cerr, environment);
}

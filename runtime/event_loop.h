// EventLoop: the real implementation of every seam in Runtime. One thread runs the loop of one node; a small pool runs
// what blocks.
#pragma once

#include <boost/asio/io_context.hpp>
#include <cstddef>
#include <memory>

#include "runtime/runtime.h"

namespace latium {

class EventLoop {
 public:
  struct Options {
    std::size_t pool_threads = 2;    ///< threads for blocking reads; 1 to 64
    std::size_t pool_queue = 4096;   ///< blocking calls that may wait; above it `overloaded`
    std::uint64_t seed = 0;          ///< of the generator; 0 = from the operating system
    std::shared_ptr<Logger> logger;  ///< where events go; null = nowhere
  };

  explicit EventLoop(Options options);
  /// Stops and joins all threads; queued callbacks that have not run are destroyed.
  ~EventLoop();
  EventLoop(const EventLoop&) = delete;
  EventLoop& operator=(const EventLoop&) = delete;

  Runtime& runtime();
  boost::asio::io_context& context();

  /// Starts the loop's thread. Once.
  void start();
  /// Any thread but the loop's: runs what is queued on the pool to its end, then stops the loop and joins its thread.
  void stop();
  bool started() const;
  /// True on the loop's thread.
  bool on_loop() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace latium

#include "runtime/event_loop.h"

#include <boost/asio/executor_work_guard.hpp>
#include <optional>
#include <thread>

#include "base/check.h"
#include "runtime/real_clock.h"
#include "runtime/real_timers.h"
#include "runtime/thread_pool.h"

namespace latium {

namespace {

class LoggingSink final : public EventSink {
 public:
  explicit LoggingSink(std::shared_ptr<Logger> logger) : logger_(logger ? std::move(logger) : Logger::null()) {}
  bool enabled(Severity severity) const override { return logger_->enabled(severity); }
  void emit(Severity severity, std::string_view name, std::initializer_list<Field> fields) override {
    logger_->log(severity, name, fields);
  }

 private:
  std::shared_ptr<Logger> logger_;
};

}  // namespace

struct EventLoop::Impl {
  explicit Impl(Options options)
      : context(1),
        work(boost::asio::make_work_guard(context)),
        timers(context, clock),
        random(options.seed != 0 ? options.seed : os_entropy()),
        events(std::move(options.logger)),
        pool(options.pool_threads, options.pool_queue),
        runtime{context.get_executor(), clock, timers, pool, random, events, faults} {}

  boost::asio::io_context context;
  std::optional<boost::asio::executor_work_guard<Executor>> work;
  RealClock clock;
  RealTimers timers;
  Random random;
  LoggingSink events;
  NoFaultPoints faults;
  ThreadPool pool;
  Runtime runtime;
  std::thread thread;
};

EventLoop::EventLoop(Options options) : impl_(std::make_unique<Impl>(std::move(options))) {}

EventLoop::~EventLoop() {
  stop();
}

Runtime& EventLoop::runtime() {
  return impl_->runtime;
}

boost::asio::io_context& EventLoop::context() {
  return impl_->context;
}

void EventLoop::start() {
  LATIUM_CHECK(!impl_->thread.joinable(), "start() once");
  impl_->thread = std::thread([impl = impl_.get()] { impl->context.run(); });
}

void EventLoop::stop() {
  impl_->pool.stop();
  impl_->work.reset();
  impl_->context.stop();
  if (impl_->thread.joinable()) impl_->thread.join();
}

bool EventLoop::started() const {
  return impl_->thread.joinable();
}

bool EventLoop::on_loop() const {
  return impl_->context.get_executor().running_in_this_thread();
}

}  // namespace latium

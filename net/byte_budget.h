// ByteBudget: one bound for the bytes that many connections make this node hold. No I/O here.
#pragma once

#include <algorithm>
#include <cstddef>
#include <memory>
#include <utility>

namespace latium {

/// One thread. Each account has a floor of its own, which nobody can take from it; what it holds above that is common. So
/// those that hold much shut out each other, and not those that hold little.
class ByteBudget {
 public:
  /// A quarter of `limit` makes the floors of `max_accounts` accounts. Precondition: max_accounts > 0.
  ByteBudget(std::size_t limit, std::size_t max_accounts)
      : floor_(limit / 4 / max_accounts), common_limit_(limit - floor_ * max_accounts) {}

  std::size_t floor() const { return floor_; }
  /// What all accounts hold together.
  std::size_t held() const { return held_; }

 private:
  friend class ByteAccount;
  const std::size_t floor_;
  const std::size_t common_limit_;
  std::size_t common_ = 0;  // may pass its limit by what was taken unasked
  std::size_t held_ = 0;
};

/// The part of one connection. Keeps its budget alive: the requests that it counts may outlive the transport.
class ByteAccount {
 public:
  explicit ByteAccount(std::shared_ptr<ByteBudget> budget) : budget_(std::move(budget)) {}
  ~ByteAccount() { give_back(held_); }
  ByteAccount(const ByteAccount&) = delete;
  ByteAccount& operator=(const ByteAccount&) = delete;

  bool has_room(std::size_t bytes) const {
    const std::size_t more = above_floor(held_ + bytes) - above_floor(held_);
    return more == 0 || (budget_->common_ <= budget_->common_limit_ && more <= budget_->common_limit_ - budget_->common_);
  }
  bool try_take(std::size_t bytes) {
    if (!has_room(bytes)) return false;
    take(bytes);
    return true;
  }
  /// For what cannot be refused: has to be little.
  void take(std::size_t bytes) { set(held_ + bytes); }
  /// Precondition: taken before.
  void give_back(std::size_t bytes) { set(held_ - bytes); }
  std::size_t held() const { return held_; }

 private:
  std::size_t above_floor(std::size_t held) const { return held - std::min(held, budget_->floor_); }
  void set(std::size_t held) {
    budget_->common_ += above_floor(held) - above_floor(held_);
    budget_->held_ += held - held_;
    held_ = held;
  }

  const std::shared_ptr<ByteBudget> budget_;
  std::size_t held_ = 0;
};

/// Bytes of an account, given back when it dies. The account outlives it.
class ByteShare {
 public:
  ByteShare() = default;
  ByteShare(ByteAccount& account, std::size_t taken) : account_(&account), bytes_(taken) {}
  ByteShare(ByteShare&& other) noexcept
      : account_(std::exchange(other.account_, nullptr)), bytes_(std::exchange(other.bytes_, 0)) {}
  ByteShare& operator=(ByteShare&& other) noexcept {
    std::swap(account_, other.account_);
    std::swap(bytes_, other.bytes_);
    other.release();
    return *this;
  }
  ~ByteShare() { release(); }

 private:
  void release() {
    if (account_ != nullptr) std::exchange(account_, nullptr)->give_back(std::exchange(bytes_, 0));
  }
  ByteAccount* account_ = nullptr;
  std::size_t bytes_ = 0;
};

}  // namespace latium

#include "server/http/pool.h"

#include <fmt/format.h>

#include <system_error>

#include "base/log.h"

namespace krige::server {

Pool::~Pool() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
}

bool Pool::run(std::function<void()> job) {
  const std::lock_guard lock(mutex_);
  jobs_.push_back(std::move(job));
  if (idle_ < jobs_.size() && threads_.size() < max_threads_) {
    try {
      threads_.emplace_back([this] { work(); });
    } catch (const std::system_error& e) {
      log::warning(fmt::format("cannot start a thread for requests: {}", e.what()));
      if (threads_.empty()) {
        jobs_.pop_back();
        return false;
      }
    }
  }
  wake_.notify_one();
  return true;
}

void Pool::work() {
  std::unique_lock lock(mutex_);
  while (true) {
    ++idle_;
    wake_.wait(lock, [this] { return stopping_ || !jobs_.empty(); });
    --idle_;
    if (jobs_.empty()) return;
    const std::function<void()> job = std::move(jobs_.front());
    jobs_.pop_front();
    lock.unlock();
    job();
    lock.lock();
  }
}

std::size_t Slots::taken() const {
  const std::lock_guard lock(mutex_);
  return count_ - free_;
}

std::uint64_t Slots::refused() const {
  const std::lock_guard lock(mutex_);
  return refused_;
}

Slots::Slot Slots::take() {
  const std::lock_guard lock(mutex_);
  if (free_ == 0) {
    ++refused_;
    return nullptr;
  }
  --free_;
  return Slot(this, [](void* self) {
    auto& slots = *static_cast<Slots*>(self);
    const std::lock_guard released(slots.mutex_);
    ++slots.free_;
  });
}

}  // namespace krige::server

#include "trainer/transport/event_loop.h"

#include <fmt/format.h>
#include <sys/socket.h>

#include <array>
#include <utility>

#include <boost/asio/buffer.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>

namespace krige::trainer {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

// Shared, because handlers that Asio still holds must find it after its channel has been destroyed.
class SocketStream : public std::enable_shared_from_this<SocketStream> {
 public:
  SocketStream(asio::io_context& io, UniqueFd socket, ChannelHandlers handlers, std::optional<SharedSlots> memory,
               Traffic& traffic)
      : traffic_(traffic), socket_(io), handlers_(std::move(handlers)), memory_(std::move(memory)) {
    int family = AF_UNIX;
    socklen_t size = sizeof family;
    ::getsockopt(socket.get(), SOL_SOCKET, SO_DOMAIN, &family, &size);
    error_code error;
    socket_.assign(asio::generic::stream_protocol(family, 0), socket.release(), error);
    if (!error) socket_.non_blocking(true, error);
  }

  void read() {
    const auto space = buffer_.prepare();
    socket_.async_read_some(asio::buffer(space.data(), space.size()),
                            [self = shared_from_this()](const error_code& error, std::size_t got) {
                              if (!self->closed_) self->on_read(error, got);
                            });
  }

  void send(MessageType type, std::uint64_t job, std::span<const std::byte> head,
            std::span<const std::span<const float>> body) {
    if (closed_) return;
    std::uint64_t body_bytes = 0;
    for (const auto& piece : body) body_bytes += piece.size_bytes();
    FrameHeader header_values{type, head.size() + body_bytes, job};
    if (const auto slot = memory_ ? memory_->put(body) : std::nullopt) {
      header_values = {type, head.size(), job, static_cast<std::uint16_t>(*slot + 1), body_bytes};
      traffic_.memory_bytes += body_bytes;
      body = {};
    }
    const auto header = encode(header_values);
    static constexpr std::array<std::byte, 8> kZeros{};
    parts_.clear();
    parts_.emplace_back(header.data(), header.size());
    parts_.emplace_back(head.data(), head.size());
    for (const auto& piece : body) parts_.emplace_back(piece.data(), piece.size_bytes());
    parts_.emplace_back(kZeros.data(), padding_of(header_values.payload_bytes));
    traffic_.socket_bytes += asio::buffer_size(parts_);
    std::size_t put = 0;
    // The usual case: the kernel takes the whole frame from where it lies.
    if (pending_.empty() && !writing_) {
      error_code error;
      put = socket_.write_some(parts_, error);
      if (error && error != asio::error::would_block) return;  // the read side reports it
    }
    for (const asio::const_buffer& part : parts_) {
      const std::size_t skipped = std::min(put, part.size());
      put -= skipped;
      const auto* bytes = static_cast<const std::byte*>(part.data());
      pending_.insert(pending_.end(), bytes + skipped, bytes + part.size());
    }
    if (!pending_.empty() && !writing_) write();
  }

  void close() {
    closed_ = true;
    error_code ignored;
    socket_.close(ignored);
  }

 private:
  void on_read(const error_code& error, std::size_t got) {
    if (error)
      return end(Error{ErrorCode::unavailable, fmt::format("the connection ended: {}", error.message()), {}, {}});
    buffer_.commit(got);
    traffic_.socket_bytes += got;
    while (!closed_) {
      auto frame = buffer_.next();
      if (!frame) return end(frame.error());
      if (!*frame) return read();
      if (Status handled = handle(**frame); !handled) return end(handled.error());
    }
  }

  Status handle(Frame frame) {
    if (frame.slot == 0) return handlers_.on_frame(frame);
    if (!memory_) return fail(ErrorCode::corrupt, "a link without shared memory");
    const unsigned slot = frame.slot - 1U;
    KRIGE_TRY(frame.body, memory_->get(slot, frame.body_bytes));
    traffic_.memory_bytes += frame.body_bytes;
    Status handled = handlers_.on_frame(frame);
    memory_->release(slot);
    return handled;
  }

  void write() {
    writing_ = true;
    in_flight_.clear();
    in_flight_.swap(pending_);
    write_rest(0);
  }

  void write_rest(std::size_t from) {
    socket_.async_write_some(asio::buffer(in_flight_.data() + from, in_flight_.size() - from),
                             [self = shared_from_this(), from](const error_code& error, std::size_t put) {
                               if (self->closed_ || error) return;
                               if (from + put < self->in_flight_.size()) return self->write_rest(from + put);
                               self->writing_ = false;
                               if (!self->pending_.empty()) self->write();
                             });
  }

  void end(const Error& error) {
    if (closed_) return;
    close();
    handlers_.on_closed(error);
  }

  Traffic& traffic_;  // the loop's
  asio::generic::stream_protocol::socket socket_;
  ChannelHandlers handlers_;
  std::optional<SharedSlots> memory_;
  FrameBuffer buffer_;
  std::vector<asio::const_buffer> parts_;
  std::vector<std::byte> pending_;
  std::vector<std::byte> in_flight_;
  bool writing_ = false;
  bool closed_ = false;
};

class SocketChannel final : public Channel {
 public:
  explicit SocketChannel(std::shared_ptr<SocketStream> stream) : stream_(std::move(stream)) { stream_->read(); }
  ~SocketChannel() override { stream_->close(); }
  SocketChannel(const SocketChannel&) = delete;
  SocketChannel& operator=(const SocketChannel&) = delete;

  void send(MessageType type, std::uint64_t job, std::span<const std::byte> head,
            std::span<const std::span<const float>> body) override {
    stream_->send(type, job, head, body);
  }

 private:
  std::shared_ptr<SocketStream> stream_;
};

struct Watch {
  Watch(asio::io_context& io, int fd, std::function<void()> call) : descriptor(io, fd), readable(std::move(call)) {}
  ~Watch() { descriptor.release(); }
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;
  void wait() {
    descriptor.async_wait(asio::posix::stream_descriptor::wait_read, [this](const error_code& error) {
      if (error) return;
      readable();
      wait();
    });
  }
  asio::posix::stream_descriptor descriptor;
  std::function<void()> readable;
};

struct Ticker {
  Ticker(asio::io_context& io, Millis every, std::function<void()> call)
      : timer(io), interval(every), tick(std::move(call)) {}
  void wait() {
    timer.expires_after(interval);
    timer.async_wait([this](const error_code& error) {
      if (error) return;
      tick();
      wait();
    });
  }
  asio::steady_timer timer;
  Millis interval;
  std::function<void()> tick;
};

}  // namespace

struct EventLoop::Impl {
  Traffic traffic;
  asio::io_context io{1};
  std::vector<std::unique_ptr<Watch>> watches;
  std::vector<std::unique_ptr<Ticker>> tickers;
};

EventLoop::EventLoop() : impl_(std::make_unique<Impl>()) {}
EventLoop::~EventLoop() = default;

std::unique_ptr<Channel> EventLoop::open(UniqueFd socket, ChannelHandlers handlers, std::optional<SharedSlots> memory) {
  return std::make_unique<SocketChannel>(std::make_shared<SocketStream>(
      impl_->io, std::move(socket), std::move(handlers), std::move(memory), impl_->traffic));
}

Traffic EventLoop::traffic() const { return impl_->traffic; }

void EventLoop::watch(int fd, std::function<void()> readable) {
  impl_->watches.push_back(std::make_unique<Watch>(impl_->io, fd, std::move(readable)));
  impl_->watches.back()->wait();
}

void EventLoop::every(Millis interval, std::function<void()> tick) {
  impl_->tickers.push_back(std::make_unique<Ticker>(impl_->io, interval, std::move(tick)));
  impl_->tickers.back()->wait();
}

void EventLoop::poll() { impl_->io.poll(); }

void EventLoop::run_until(const std::function<bool()>& done) {
  while (!done() && impl_->io.run_one() > 0) {
  }
}

}  // namespace krige::trainer

#include "server/http/tls.h"

#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

#include <system_error>

namespace krige::server {
namespace {

std::string last_error() {
  const unsigned long error = ERR_peek_error();
  const char* reason = ERR_reason_error_string(error);
  ERR_clear_error();
  // Of those it has no words.
  if (ERR_SYSTEM_ERROR(error)) return std::generic_category().message(ERR_GET_REASON(error));
  return reason == nullptr ? "unknown error" : reason;
}

// The service speaks HTTP/1.1 only, and says so to those who ask.
int select_protocol(SSL*, const unsigned char** chosen, unsigned char* chosen_size, const unsigned char* offered,
                    unsigned offered_size, void*) {
  static constexpr unsigned char kOurs[] = "\x08http/1.1";
  unsigned char* found = nullptr;
  if (SSL_select_next_proto(&found, chosen_size, kOurs, sizeof kOurs - 1, offered, offered_size) !=
      OPENSSL_NPN_NEGOTIATED)
    return SSL_TLSEXT_ERR_NOACK;
  *chosen = found;
  return SSL_TLSEXT_ERR_OK;
}

}  // namespace

TlsSession::~TlsSession() {
  finish();
  SSL_free(session_);
}

TlsSession::Step TlsSession::outcome(int result, std::size_t bytes) {
  if (result > 0) return {State::done, bytes};
  switch (SSL_get_error(session_, result)) {
    case SSL_ERROR_WANT_READ:
      return {State::wants_read, 0};
    case SSL_ERROR_WANT_WRITE:
      return {State::wants_write, 0};
    case SSL_ERROR_ZERO_RETURN:
      return {State::ended, 0};
    default:
      // After such an error the session must not be used, not even to end it.
      broken_ = true;
      ERR_clear_error();
      return {State::ended, 0};
  }
}

TlsSession::Step TlsSession::read(std::span<char> to) {
  if (broken_) return {State::ended, 0};
  // Errors of other sessions on this thread would be taken for ours.
  ERR_clear_error();
  std::size_t bytes = 0;
  const int result = SSL_read_ex(session_, to.data(), to.size(), &bytes);
  return outcome(result, bytes);
}

TlsSession::Step TlsSession::write(std::string_view from) {
  if (broken_ || finished_) return {State::ended, 0};
  ERR_clear_error();
  std::size_t bytes = 0;
  const int result = SSL_write_ex(session_, from.data(), from.size(), &bytes);
  return outcome(result, bytes);
}

void TlsSession::finish() {
  if (broken_ || finished_ || SSL_is_init_finished(session_) == 0) return;
  finished_ = true;
  ERR_clear_error();
  SSL_shutdown(session_);
  ERR_clear_error();
}

namespace {

using ContextPtr = std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)>;

Result<ContextPtr> load(const std::string& certificate, const std::string& key) {
  ERR_clear_error();
  ContextPtr context(SSL_CTX_new(TLS_server_method()), SSL_CTX_free);
  SSL_CTX* const made = context.get();
  if (made == nullptr) return fail(ErrorCode::internal, "cannot use TLS: " + last_error());
  SSL_CTX_set_min_proto_version(made, TLS1_2_VERSION);
  SSL_CTX_set_options(made, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE);
  // Writes go on with what is left in another buffer; idle connections keep no buffers.
  SSL_CTX_set_mode(made,
                   SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_alpn_select_cb(made, select_protocol, nullptr);
  if (SSL_CTX_use_certificate_chain_file(made, certificate.c_str()) != 1)
    return fail(ErrorCode::invalid_argument,
                fmt::format("cannot read a certificate from {}: {}", certificate, last_error()), "--tls-cert");
  if (SSL_CTX_use_PrivateKey_file(made, key.c_str(), SSL_FILETYPE_PEM) != 1 || SSL_CTX_check_private_key(made) != 1)
    return fail(ErrorCode::invalid_argument,
                fmt::format("cannot read the key of {} from {}: {}", certificate, key, last_error()), "--tls-key");
  return context;
}

}  // namespace

Result<std::unique_ptr<TlsContext>> TlsContext::open(const std::string& certificate, const std::string& key) {
  KRIGE_TRY(ContextPtr loaded, load(certificate, key));
  return std::unique_ptr<TlsContext>(new TlsContext(certificate, key, loaded.release()));
}

TlsContext::~TlsContext() { SSL_CTX_free(context_); }

Status TlsContext::reload() {
  KRIGE_TRY(ContextPtr loaded, load(certificate_, key_));
  const std::lock_guard lock(mutex_);
  SSL_CTX_free(std::exchange(context_, loaded.release()));
  return {};
}

std::unique_ptr<TlsSession> TlsContext::accept(int fd) const {
  SSL* session = nullptr;
  {
    const std::lock_guard lock(mutex_);
    session = SSL_new(context_);
  }
  if (session == nullptr) return nullptr;
  std::unique_ptr<TlsSession> made(new TlsSession(session));
  if (SSL_set_fd(session, fd) != 1) return nullptr;
  SSL_set_accept_state(session);
  return made;
}

}  // namespace krige::server

// Tells other programs when a trial or a study has ended: a POST to each address, at least once and in each study's
// order, also over a restart of the service.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "server/webhooks/delivery.h"
#include "server/webhooks/positions.h"
#include "tuner/study/engine.h"

namespace krige::server {

struct WebhookOptions {
  std::string data_dir;
  std::vector<std::string> urls;
  Millis timeout{10'000};     // of one try
  Millis first_delay{1'000};  // before the second try; each further one is twice as long
  int tries = 10;             // 8.5 minutes; then the message is given up
  std::string authorities{};  // as of deliver()
  // Called from the hooks' threads after each try. `outcome`: delivered, failed (it is tried again) or given_up.
  std::function<void(const std::string& origin, std::string_view outcome, double seconds)> on_try{};
};

// A thread for each address, so that one that does not answer keeps no other waiting.
class Webhooks {
 public:
  // An address that is new is told nothing of the past. The engine must outlive this. Errors: invalid_argument for an
  // address that is none, io, corrupt.
  static Result<std::unique_ptr<Webhooks>> start(const tuner::Engine& engine, const WebhookOptions& options);
  // Cuts off what is being sent.
  ~Webhooks();

 private:
  class Hook;
  Webhooks();
  std::vector<std::unique_ptr<Hook>> hooks_;
};

// What receivers check signatures with: in the file webhook-secret (0600) of the data directory, made when it is not
// there.
[[nodiscard]] Result<std::string> webhook_secret(const std::string& data_dir);

}  // namespace krige::server

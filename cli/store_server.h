// A service for this process alone, so that what commands do with a service they do the same way with a store.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "base/error.h"
#include "server/server.h"
#include "tuner/study/engine.h"

namespace krige::cli {

// On a free port of 127.0.0.1, behind a token that only this process and its user know; it starts no trials of its own.
class StoreServer {
 public:
  // `engine` must outlive it.
  static Result<std::unique_ptr<StoreServer>> over(tuner::Engine& engine);
  // Of an SQLite file, or a data directory of krige serve; nobody else may have it open. `may_make`: also where there
  // is none yet.
  static Result<std::unique_ptr<StoreServer>> open(const std::string& store, bool may_make);
  ~StoreServer();
  StoreServer(const StoreServer&) = delete;
  StoreServer& operator=(const StoreServer&) = delete;

  [[nodiscard]] std::string url() const { return server_->url(); }
  [[nodiscard]] const std::string& token() const { return token_; }

 private:
  StoreServer() = default;
  Status start(tuner::Engine& engine, const std::string& data_dir);

  std::filesystem::path temporary_;  // made for it; empty: none
  std::string token_;
  std::unique_ptr<tuner::Engine> engine_;  // its own, where it has one
  std::unique_ptr<server::Server> server_;
};

}  // namespace krige::cli

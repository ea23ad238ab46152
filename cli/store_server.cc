#include "cli/store_server.h"

#include <stdlib.h>

#include <cerrno>

#include "cli/workplace.h"
#include "server/auth/token_store.h"

namespace krige::cli {

namespace fs = std::filesystem;

namespace {

Result<fs::path> temporary_folder() {
  std::error_code error;
  const fs::path folder = fs::temp_directory_path(error);
  std::string name = ((error ? fs::path("/tmp") : folder) / "krige-XXXXXX").string();
  if (::mkdtemp(name.data()) == nullptr) return fail_errno(errno, "cannot make a temporary folder");
  return fs::path(name);
}

}  // namespace

Status StoreServer::start(tuner::Engine& engine, const std::string& data_dir) {
  server::ServerOptions options;
  options.data_dir = data_dir;
  if (data_dir.empty()) {
    KRIGE_TRY(temporary_, temporary_folder());
    options.data_dir = temporary_.string();
  }
  options.data_root.assign(1, '/');  // GCC 12 warns of its own code where a literal is assigned (bug 105651)
  options.any_program = true;
  KRIGE_TRY(token_, server::local_token(options.data_dir));
  KRIGE_TRY(server_, server::Server::start(engine, options));
  return {};
}

Result<std::unique_ptr<StoreServer>> StoreServer::over(tuner::Engine& engine) {
  std::unique_ptr<StoreServer> opened(new StoreServer);
  KRIGE_CHECK(opened->start(engine, ""));
  return opened;
}

Result<std::unique_ptr<StoreServer>> StoreServer::open(const std::string& store, bool may_make) {
  std::error_code error;
  const bool is_folder = fs::is_directory(store, error);
  const std::string file = is_folder ? store_in(store) : store;
  if (!may_make && !fs::exists(file, error)) return fail(ErrorCode::not_found, "there is no store " + file, "--store");
  std::unique_ptr<StoreServer> opened(new StoreServer);
  KRIGE_TRY(opened->engine_, open_engine({.store = file, .runs = false}));
  KRIGE_CHECK(opened->start(*opened->engine_, is_folder ? store : ""));
  return opened;
}

StoreServer::~StoreServer() {
  server_.reset();
  engine_.reset();
  std::error_code error;
  if (!temporary_.empty()) fs::remove_all(temporary_, error);
}

}  // namespace krige::cli

// What the trainings of this server leave: models, and what the processes of a training do.
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <memory>
#include <nlohmann/json.hpp>

#include "base/fd.h"
#include "server/routes/input.h"
#include "server/routes/routes.h"

namespace krige::server {
namespace {

constexpr std::size_t kChunk = std::size_t{64} << 10;

// Piece by piece: a model may be larger than the memory that is to spare. What it holds is checked by its own sum.
Result<Reply> model(Api& api, const Call& call) {
  KRIGE_CHECK(expect_nothing(call.request));
  KRIGE_TRY(const TrialId trial, trial_id(call));
  KRIGE_TRY(const std::string path, api.engine.model_path(call["study"], trial));
  const auto file = std::make_shared<UniqueFd>(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  if (!*file && errno == ENOENT)
    return fail(ErrorCode::not_found, fmt::format("the file of trial {}'s model is gone", trial));
  if (!*file) return fail_errno(errno, "cannot read the model");
  Reply reply;
  reply.content_type = "application/octet-stream";
  reply.headers = {{"Cache-Control", "no-store"},
                   {"Content-Disposition", fmt::format("attachment; filename=\"{}-{}.model\"", call["study"], trial)}};
  reply.stream = [file](const BodyWriter& write) {
    std::array<char, kChunk> chunk{};
    ssize_t got = 0;
    while ((got = ::read(file->get(), chunk.data(), chunk.size())) > 0)
      if (!write({chunk.data(), static_cast<std::size_t>(got)})) return;
  };
  return reply;
}

// {attempt, live, updated_at, …}: the rest as the trainer wrote it.
Result<Reply> cluster(Api& api, const Call& call) {
  KRIGE_CHECK(expect_nothing(call.request));
  KRIGE_TRY(const TrialId trial, trial_id(call));
  KRIGE_TRY(const tuner::ClusterFile file, api.engine.cluster_file(call["study"], trial));
  OrderedJson json{{"attempt", file.attempt}, {"live", file.live}, {"updated_at", nullptr}};
  struct stat about {};
  const Result<std::string> text = read_file(file.path);
  const Result<OrderedJson> figures = text ? parse_json(*text) : fail(text.error());
  if (figures && figures->is_object() && ::stat(file.path.c_str(), &about) == 0) {
    json["updated_at"] =
        to_rfc3339(WallTime(Millis(std::int64_t{about.st_mtim.tv_sec} * 1000 + about.st_mtim.tv_nsec / 1'000'000)));
    json.update(*figures);
  } else {
    json["processes"] = OrderedJson::array();  // the training has only just begun, or its figures were removed
  }
  return json_reply(json);
}

}  // namespace

void add_trainings(Router& router, Api& api) {
  const std::string trial = "/api/v1/studies/{study}/trials/{trial}";
  router.add("GET", trial + "/model", [&api](const Call& call) { return model(api, call); });
  router.add("GET", trial + "/cluster", [&api](const Call& call) { return cluster(api, call); });
}

}  // namespace krige::server

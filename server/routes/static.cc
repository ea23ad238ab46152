// The dashboard. It routes by paths itself: what is no file is its page.
#include <fmt/format.h>

#include "server/routes/input.h"
#include "server/routes/routes.h"
#include "web/assets.h"

namespace krige::server {
namespace {

constexpr std::string_view kHashedFiles = "/assets/";

// Whether If-None-Match names this version.
bool has_version(const Request& request, std::string_view etag) {
  const std::string_view seen = request.header("If-None-Match").value_or("");
  return seen == "*" || seen.find(etag) != std::string_view::npos;
}

Result<Reply> serve(const Request& request) {
  const bool hashed = request.path.starts_with(kHashedFiles);
  const web::Asset* asset = web::find_asset(request.path);
  // A hashed file that is not there belongs to another build; the page in its place would be taken for a script.
  if (asset == nullptr && !hashed) asset = web::find_asset("/index.html");
  if (asset == nullptr) {
    return fail(ErrorCode::not_found,
                web::assets().empty() ? "this build has no dashboard" : fmt::format("there is no {}", request.path));
  }
  Reply reply;
  reply.headers.emplace_back("ETag", asset->etag);
  reply.headers.emplace_back("Cache-Control", hashed ? "public, max-age=31536000, immutable" : "no-cache");
  if (has_version(request, asset->etag)) {
    reply.status = 304;
    return reply;
  }
  reply.content_type = asset->content_type;
  reply.body = asset->content;
  return reply;
}

}  // namespace

void add_static_files(Router& router) {
  router.set_fallback([](const Call& call) { return serve(call.request); });
}

}  // namespace krige::server

#include "server/pipeline.h"

namespace krige::server {

Caller Pipeline::identify(const Request& request) {
  if (auth_ == nullptr) return {"anonymous", Role::admin};
  return auth_->identify(request);
}

Reply Pipeline::answer(const Request& request) {
  const Caller caller = identify(request);
  Dispatched done = router_.dispatch(request, caller);
  if (done.reply.stream && done.route != nullptr) end_with_caller(done.reply, request, *done.route);
  return std::move(done.reply);
}

void Pipeline::end_with_caller(Reply& reply, const Request& request, const RouteInfo& route) {
  if (auth_ == nullptr || !route.needs) return;
  Request shown;  // the request itself ends before the stream does
  shown.headers = request.headers;
  reply.stream = [this, shown = std::move(shown), needs = *route.needs,
                  stream = std::move(reply.stream)](const BodyWriter& write) {
    stream([&](std::string_view piece) {
      const Caller caller = auth_->identify(shown);
      return caller.role && *caller.role >= needs && write(piece);
    });
  };
}

}  // namespace krige::server

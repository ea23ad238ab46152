#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "server/routes/routes.h"
#include "tests/server/service_fixture.h"

namespace krige::server {
namespace {

class DescriptionTest : public ServiceTest {
 protected:
  void SetUp() override {
    ServiceTest::SetUp();
    api_ = std::make_unique<Api>(*engine_, ServerOptions{}, nullptr);
    add_routes(router_, *api_);
    document_ = OrderedJson::parse(openapi_document());
  }
  void TearDown() override {
    api_.reset();
    ServiceTest::TearDown();
  }

  // Calls `look` with every operation: its method in capitals, its path, and the operation.
  template <typename Look>
  void for_each_operation(Look look) {
    for (const auto& [path, item] : document_["paths"].items())
      for (const auto& [method, operation] : item.items()) {
        if (method == "parameters") continue;
        std::string capitals = method;
        for (char& c : capitals) c = static_cast<char>(std::toupper(c));
        look(capitals, path, item, operation);
      }
  }

  std::unique_ptr<Api> api_;
  Router router_;
  OrderedJson document_;
};

TEST_F(DescriptionTest, NamesEveryRouteAndNoOther) {
  std::map<std::string, std::string> routes;
  for (const RouteInfo& route : router_.routes())
    routes[route.method + " " + route.pattern] = route.needs ? name(*route.needs) : "none";
  std::map<std::string, std::string> operations;
  for_each_operation(
      [&](const std::string& method, const std::string& path, const OrderedJson&, const OrderedJson& operation) {
        operations[method + " " + path] = operation["x-role"];
        EXPECT_EQ(operation.contains("security"), operation["x-role"] == "none") << path;
      });
  EXPECT_EQ(operations, routes);
  EXPECT_GT(routes.size(), 20U);
}

TEST_F(DescriptionTest, IsWholeInItself) {
  EXPECT_EQ(document_["openapi"], "3.1.0");
  std::set<std::string> ids;
  for_each_operation(
      [&](const std::string&, const std::string& path, const OrderedJson& item, const OrderedJson& operation) {
        EXPECT_TRUE(ids.insert(operation["operationId"]).second) << operation["operationId"];
        EXPECT_TRUE(operation["responses"].contains("default")) << path;
        std::set<std::string> in_path;
        for (std::size_t at = path.find('{'); at != std::string::npos; at = path.find('{', at + 1))
          in_path.insert(path.substr(at + 1, path.find('}', at) - at - 1));
        std::set<std::string> declared;
        if (item.contains("parameters"))
          for (const OrderedJson& parameter : item["parameters"])
            declared.insert(
                document_.at(OrderedJson::json_pointer(parameter["$ref"].get<std::string>().substr(1)))["name"]);
        EXPECT_EQ(declared, in_path) << path;
      });
  const std::function<void(const OrderedJson&)> check = [&](const OrderedJson& part) {
    if (part.is_object() && part.contains("$ref")) {
      EXPECT_TRUE(document_.contains(OrderedJson::json_pointer(part["$ref"].get<std::string>().substr(1)))) << part;
    }
    if (part.is_structured())
      for (const OrderedJson& inner : part) check(inner);
  };
  check(document_);
}

TEST_F(DescriptionTest, IsServed) {
  const Answer answer = get("/openapi.json");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.header("Content-Type"), "application/json");
  EXPECT_EQ(answer.json, document_);
  EXPECT_EQ(get("/openapi.json", {{"If-None-Match", answer.header("ETag")}}).status, 304);
}

}  // namespace
}  // namespace krige::server

// YAML as JSON. yaml-cpp leaves plain scalars as text; their types follow the core schema of YAML 1.2.2 (§10.3.2), in
// which `no` and `on` are strings.
#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

#include <cctype>
#include <charconv>
#include <cmath>
#include <nlohmann/json.hpp>

#include "base/fd.h"
#include "tuner/spec/study_spec.h"

namespace krige::tuner {
namespace {

constexpr int kMaxDepth = 64;
constexpr std::size_t kMaxMembers = 10'000;   // of one map, as in JSON
constexpr std::size_t kMaxNodes = 1'000'000;  // aliases can make a small text explode

class Converter {
 public:
  Result<OrderedJson> convert(const YAML::Node& node, const std::string& path, int depth) {
    if (depth > kMaxDepth)
      return fail(ErrorCode::invalid_argument, fmt::format("nested deeper than {}", kMaxDepth), path);
    if (++nodes_ > kMaxNodes) return fail(ErrorCode::invalid_argument, "too many values (aliases?)", path);
    switch (node.Type()) {
      case YAML::NodeType::Map:
        return map(node, path, depth);
      case YAML::NodeType::Sequence:
        return sequence(node, path, depth);
      case YAML::NodeType::Scalar:
        return scalar(node);
      default:
        return OrderedJson(nullptr);
    }
  }

 private:
  Result<OrderedJson> map(const YAML::Node& node, const std::string& path, int depth) {
    OrderedJson object = OrderedJson::object();
    if (node.size() > kMaxMembers)
      return fail(ErrorCode::invalid_argument, fmt::format("has more than {} members", kMaxMembers), path);
    for (const auto& entry : node) {
      if (!entry.first.IsScalar()) return fail(ErrorCode::invalid_argument, "a key must be a word", path);
      const std::string& key = entry.first.Scalar();
      const std::string inner = join_path(path, key);
      if (object.contains(key)) {
        return fail(ErrorCode::invalid_argument, fmt::format("is given twice (line {})", entry.first.Mark().line + 1),
                    inner);
      }
      KRIGE_TRY(object[key], convert(entry.second, inner, depth + 1));
    }
    return object;
  }

  Result<OrderedJson> sequence(const YAML::Node& node, const std::string& path, int depth) {
    OrderedJson list = OrderedJson::array();
    for (std::size_t i = 0; i < node.size(); ++i) {
      KRIGE_TRY(OrderedJson item, convert(node[i], fmt::format("{}[{}]", path, i), depth + 1));
      list.push_back(std::move(item));
    }
    return list;
  }

  static OrderedJson scalar(const YAML::Node& node) {
    const std::string& text = node.Scalar();
    if (node.Tag() == "!" || node.Tag() == "tag:yaml.org,2002:str") return text;  // quoted
    if (text.empty() || text == "~" || text == "null" || text == "Null" || text == "NULL") return nullptr;
    if (text == "true" || text == "True" || text == "TRUE") return true;
    if (text == "false" || text == "False" || text == "FALSE") return false;
    if (std::optional<OrderedJson> number = parse_number(text)) return std::move(*number);
    return text;
  }

  static std::optional<OrderedJson> parse_number(std::string_view text) {
    const char* const end = text.data() + text.size();
    const char* begin = text.data() + (text.front() == '+' ? 1 : 0);
    // from_chars would also take "inf", "nan" and a second sign.
    const std::string_view digits(begin + (begin != end && *begin == '-' ? 1 : 0), end);
    if (digits.empty() || (std::isdigit(static_cast<unsigned char>(digits.front())) == 0 && digits.front() != '.'))
      return std::nullopt;
    std::int64_t integer = 0;
    if (const auto [stop, error] = std::from_chars(begin, end, integer); error == std::errc() && stop == end)
      return integer;
    double real = 0;
    if (const auto [stop, error] = std::from_chars(begin, end, real); error == std::errc() && stop == end) return real;
    return std::nullopt;
  }

  std::size_t nodes_ = 0;
};

}  // namespace

Result<OrderedJson> yaml_to_json(std::string_view text) {
  try {
    const YAML::Node node = YAML::Load(std::string(text));
    KRIGE_TRY(OrderedJson json, Converter().convert(node, "", 0));
    // yaml-cpp takes bytes as they are; behind this border all text is UTF-8, which JSON's writer throws without.
    static_cast<void>(json.dump());
    return json;
  } catch (const nlohmann::json::exception&) {
    return fail(ErrorCode::invalid_argument, "is not text in UTF-8");
  } catch (const YAML::ParserException& e) {
    return fail(ErrorCode::invalid_argument,
                fmt::format("line {}, column {}: {}", e.mark.line + 1, e.mark.column + 1, e.msg));
  } catch (const YAML::Exception& e) {
    return fail(ErrorCode::invalid_argument, e.what());
  }
}

Result<OrderedJson> load_document(const std::string& path) {
  const Result<std::string> file = read_file(path);
  if (!file) return fail(ErrorCode::invalid_argument, file.error().message);
  const std::string& text = *file;
  const auto first = text.find_first_not_of(" \t\r\n");
  Result<OrderedJson> document =
      first != std::string::npos && text[first] == '{' ? parse_json(text) : yaml_to_json(text);
  if (!document) {
    Error error = document.error();
    error.message = path + ": " + error.message;
    return fail(std::move(error));
  }
  return document;
}

}  // namespace krige::tuner

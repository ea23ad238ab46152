// JSON as text at once, for what is written often: a document in memory costs ten times as much. The same text as
// dump() gives, with number_to_json() for doubles.
#pragma once

#include <concepts>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace krige {

class JsonWriter {
 public:
  // Appends to `out`, which must outlive it.
  explicit JsonWriter(std::string& out) : out_(out) {}

  void begin_object() { begin('{'); }
  void end_object() { end('}'); }
  void begin_array() { begin('['); }
  void end_array() { end(']'); }

  // In an object, before each value.
  void key(std::string_view name);

  void value(std::string_view text);
  void value(const char* text) { value(std::string_view(text)); }
  void value(const std::string& text) { value(std::string_view(text)); }
  void value(bool truth) { raw(truth ? "true" : "false"); }
  void value(double number);
  template <std::integral T>
  void value(T number) {
    integer(static_cast<std::int64_t>(number));
  }
  // null when there is none.
  template <typename T>
  void value(const std::optional<T>& held) {
    if (held)
      value(*held);
    else
      raw("null");
  }
  template <typename... T>
  void value(const std::variant<T...>& held) {
    std::visit([this](const auto& one) { value(one); }, held);
  }
  // {name: value, …}
  template <typename T>
  void value(const std::vector<std::pair<std::string, T>>& members) {
    begin_object();
    for (const auto& [name, held] : members) member(name, held);
    end_object();
  }
  // A type with its own write(JsonWriter&, const T&).
  template <typename T>
  requires requires(JsonWriter& json, const T& held) { write(json, held); }
  void value(const T& held) { write(*this, held); }
  // A whole value that is JSON text already.
  void raw(std::string_view json);
  // The members of an object that is JSON text already, as dump() has written it.
  void members(std::string_view object);

  template <typename T>
  void member(std::string_view name, const T& held) {
    key(name);
    value(held);
  }

 private:
  void begin(char bracket);
  void end(char bracket);
  void separate();
  void quote(std::string_view text);
  void integer(std::int64_t number);

  std::string& out_;
  bool comma_ = false;  // what comes next is not the first
};

// Of whatever JsonWriter::value() takes.
template <typename T>
[[nodiscard]] std::string json_text(const T& held) {
  std::string text;
  JsonWriter(text).value(held);
  return text;
}

}  // namespace krige

// A prepared statement with typed parameters and columns. Includes SOCI: for sources of this folder only.
#pragma once

#include <soci/soci.h>

#include <optional>
#include <string>
#include <tuple>
#include <type_traits>

namespace krige::tuner {

// The place that a parameter or column is bound to. T: std::string, an integer (64 bits in the database) or double.
template <typename T>
struct SqlSlot {
  using Held = std::conditional_t<std::is_integral_v<T>, long long, T>;
  Held held{};
  soci::indicator indicator = soci::i_ok;

  void set(const T& value) { held = static_cast<Held>(value); }
  [[nodiscard]] T get() const { return indicator == soci::i_null ? T{} : static_cast<T>(held); }
};

// NULL is nullopt.
template <typename T>
struct SqlSlot<std::optional<T>> : SqlSlot<T> {
  void set(const std::optional<T>& value) {
    this->indicator = value ? soci::i_ok : soci::i_null;
    if (value) SqlSlot<T>::set(*value);
  }
  [[nodiscard]] std::optional<T> get() const {
    return this->indicator == soci::i_null ? std::nullopt : std::optional<T>(SqlSlot<T>::get());
  }
};

template <typename Signature>
class SqlQuery;

// SqlQuery<std::tuple<Columns…>(Parameters…)>, both in the order of the statement's text. Throws as SOCI does; not
// thread-safe; the session must outlive it.
template <typename... Columns, typename... Parameters>
class SqlQuery<std::tuple<Columns...>(Parameters...)> {
 public:
  SqlQuery(soci::session& session, const std::string& sql) : statement_(session) {
    statement_.alloc();
    statement_.prepare(sql);
    std::apply([&](auto&... in) { (statement_.exchange(soci::use(in.held, in.indicator)), ...); }, in_);
    std::apply([&](auto&... out) { (statement_.exchange(soci::into(out.held, out.indicator)), ...); }, out_);
    statement_.define_and_bind();
  }
  SqlQuery(const SqlQuery&) = delete;  // the slots are bound by address
  SqlQuery& operator=(const SqlQuery&) = delete;

  // Runs the statement and calls visit(columns…) for each row, to the last: a statement left half-way would hold its
  // view of the database.
  template <typename Visit>
  void each(Visit visit, const Parameters&... parameters) {
    std::apply([&](auto&... in) { (in.set(parameters), ...); }, in_);
    for (bool row = statement_.execute(true); row; row = statement_.fetch())
      std::apply([&](auto&... out) { visit(out.get()...); }, out_);
  }

  void run(const Parameters&... parameters) {
    each([](const Columns&...) {}, parameters...);
  }

  // The last row.
  std::optional<std::tuple<Columns...>> row(const Parameters&... parameters) {
    std::optional<std::tuple<Columns...>> found;
    each([&](Columns... columns) { found.emplace(std::move(columns)...); }, parameters...);
    return found;
  }

 private:
  std::tuple<SqlSlot<Parameters>...> in_;
  std::tuple<SqlSlot<Columns>...> out_;
  soci::statement statement_;
};

}  // namespace krige::tuner

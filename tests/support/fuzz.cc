#include "tests/support/fuzz.h"

#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>

namespace krige::fuzz {
namespace {

std::uint64_t setting(const char* name, std::uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

MonotonicTime now() { return std::chrono::steady_clock::now(); }

std::uint64_t resident_bytes() {
  std::ifstream file("/proc/self/statm");
  std::uint64_t total = 0, resident = 0;
  file >> total >> resident;
  return resident * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

}  // namespace

Rounds::Rounds(std::string name, std::uint64_t rounds)
    : name_(std::move(name)),
      seed_file_(std::filesystem::temp_directory_path() / ("krige-fuzz-" + name_)),
      first_(setting("KRIGE_FUZZ_SEED", 0)),
      count_(setting("KRIGE_FUZZ_SECONDS", 0) > 0 ? 0 : setting("KRIGE_FUZZ_ROUNDS", rounds)),
      begin_(now()),
      end_(begin_ + std::chrono::seconds(setting("KRIGE_FUZZ_SECONDS", 0))),
      deadline_(begin_ + kDeadline),
      watch_([this](const std::stop_token& stop) { watch(stop); }) {}

Rounds::~Rounds() {
  watch_.request_stop();
  std::error_code ignored;
  std::filesystem::remove(seed_file_, ignored);
  const std::chrono::duration<double> took = now() - begin_;
  std::fputs(fmt::format("{}: {} rounds from seed {} in {:.0f} s\n", name_, done_, first_, took.count()).c_str(),
             stdout);
}

void Rounds::watch(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  while (!stop.stop_requested()) {
    const MonotonicTime deadline = deadline_;
    changed_.wait_until(lock, stop, deadline, [&] { return deadline_ != deadline; });
    if (stop.stop_requested() || now() < deadline_) continue;
    std::fputs(fmt::format("{}: round {} hangs\n", name_, seed_).c_str(), stderr);
    std::abort();
  }
}

bool Rounds::next() {
  if (done_ > 0 && resident_bytes() > kMaxResidentBytes) {
    std::fputs(fmt::format("{}: round {} takes too much memory\n", name_, seed_).c_str(), stderr);
    std::abort();
  }
  if (count_ > 0 ? done_ == count_ : now() >= end_) return false;
  seed_ = first_ + done_++;
  std::ofstream(seed_file_) << seed_ << '\n';
  const std::lock_guard lock(mutex_);
  deadline_ = now() + kDeadline;
  changed_.notify_all();
  return true;
}

std::string mutated(std::string text, std::span<const std::string_view> tokens, Rng& rng) {
  for (std::uint64_t edits = 1 + rng.below(4); edits > 0; --edits) {
    const std::size_t at = rng.below(text.size() + 1);
    const std::size_t size = std::min<std::size_t>(text.size() - at, 1 + rng.below(rng.below(4) == 0 ? 200 : 8));
    switch (rng.below(6)) {
      case 0:
        text.insert(at, 1, static_cast<char>(rng.below(256)));
        break;
      case 1:
        if (at < text.size()) text[at] = static_cast<char>(text[at] ^ (1 << rng.below(8)));
        break;
      case 2:
        text.erase(at, size);
        break;
      case 3: {
        const std::string part = text.substr(at, size);
        for (std::uint64_t times = 1 + (rng.below(8) == 0 ? rng.below(300) : 0); times > 0; --times)
          text.insert(at, part);
        break;
      }
      default:
        text.insert(at, one_of(tokens, rng));
    }
  }
  return text;
}

OrderedJson nasty_value(Rng& rng) {
  static const std::vector<OrderedJson> kValues = [] {
    std::vector<OrderedJson> values{nullptr,
                                    true,
                                    false,
                                    0,
                                    -0.0,
                                    1,
                                    -1,
                                    2,
                                    0.5,
                                    1e-320,
                                    5e-324,
                                    1e308,
                                    -1.7976931348623157e308,
                                    1e16,
                                    0.1,
                                    2147483648,
                                    -2147483649,
                                    9007199254740992,
                                    9007199254740993,
                                    9223372036854775807,
                                    std::uint64_t{1} << 63,
                                    18446744073709551615U,
                                    INT64_MIN,
                                    "",
                                    "NaN",
                                    "Infinity",
                                    "-Infinity",
                                    "nan",
                                    "1",
                                    "1e999",
                                    "a.b",
                                    "{x}",
                                    "../../etc/passwd",
                                    "/dev/zero",
                                    std::string("a\0b", 3),
                                    "\xF0\x9F\x98\x80",
                                    "\xEF\xBF\xBF",
                                    "\n",
                                    "30m",
                                    "9999999999d",
                                    "COMPLETED",
                                    "x",
                                    OrderedJson::array(),
                                    OrderedJson::object()};
    values.emplace_back(std::string(300, 'x'));
    values.emplace_back(std::string(70'000, 'y'));
    OrderedJson deep = 1, long_list = OrderedJson::array(), wide = OrderedJson::object();
    for (int i = 0; i < 60; ++i) deep = i % 2 == 0 ? OrderedJson{{"a", deep}} : OrderedJson::array({deep});
    for (int i = 0; i < 3000; ++i) long_list.push_back(i);
    for (int i = 0; i < 500; ++i) wide[fmt::format("k{}", i)] = i;
    values.push_back(std::move(deep));
    values.push_back(std::move(long_list));
    values.push_back(std::move(wide));
    return values;
  }();
  if (rng.below(4) == 0) return std::pow(10.0, rng.uniform(-20, 20)) * (rng.below(2) == 0 ? 1 : -1);
  return one_of(kValues, rng);
}

namespace {

void list_nodes(OrderedJson& value, std::vector<OrderedJson*>& nodes) {
  nodes.push_back(&value);
  if (value.is_structured())
    for (OrderedJson& inner : value) list_nodes(inner, nodes);
}

OrderedJson& any_node(OrderedJson& value, Rng& rng) {
  std::vector<OrderedJson*> nodes;
  list_nodes(value, nodes);
  return *one_of(nodes, rng);
}

// Some object of the donors, {} when luck finds none.
OrderedJson donated_object(std::span<const OrderedJson> donors, Rng& rng) {
  for (int tries = 0; tries < 8; ++tries) {
    OrderedJson donor = one_of(donors, rng);
    const OrderedJson& node = any_node(donor, rng);
    if (node.is_object() && !node.empty()) return node;
  }
  return OrderedJson::object();
}

OrderedJson donated(std::span<const OrderedJson> donors, Rng& rng) {
  if (rng.below(2) == 0) return nasty_value(rng);
  OrderedJson donor = one_of(donors, rng);
  return any_node(donor, rng);
}

void edit_object(OrderedJson& object, std::span<const OrderedJson> donors, Rng& rng) {
  const auto any_member = [&](OrderedJson& of) {
    return std::next(of.begin(), static_cast<std::ptrdiff_t>(rng.below(of.size())));
  };
  OrderedJson donor = donated_object(donors, rng);
  if (!donor.empty() && (object.empty() || rng.below(2) == 0)) {
    const auto member = any_member(donor);
    object[member.key()] = rng.below(3) == 0 ? donated(donors, rng) : *member;
  } else if (!object.empty()) {
    const auto member = any_member(object);
    if (rng.below(2) == 0 && !donor.empty()) {  // under another name
      OrderedJson value = *member;
      object[any_member(donor).key()] = std::move(value);
    } else {
      object.erase(member);
    }
  }
}

void edit_number(OrderedJson& number, Rng& rng) {
  const double value = number.get<double>();
  constexpr std::array kFactors{-1.0, 0.0, 1e-9, 1e9, 0.5, 1.0 + 1e-15, 1e300};
  switch (rng.below(4)) {
    case 0:
      number = value * kFactors[rng.below(kFactors.size())];
      break;
    case 1:
      number = value + rng.uniform(-2, 2);
      break;
    case 2:
      number = static_cast<std::int64_t>(rng.below(64)) - 8;
      break;
    default:
      number = nasty_value(rng);
  }
}

}  // namespace

OrderedJson mutated(OrderedJson value, std::span<const OrderedJson> donors, Rng& rng) {
  for (std::uint64_t edits = 1 + rng.below(3); edits > 0; --edits) {
    OrderedJson& node = any_node(value, rng);
    if (rng.below(5) == 0) {
      OrderedJson other = donated(donors, rng);
      node = std::move(other);
    } else if (node.is_object()) {
      edit_object(node, donors, rng);
    } else if (node.is_array() && !node.empty() && rng.below(2) == 0) {
      node.erase(rng.below(node.size()));
    } else if (node.is_array()) {
      OrderedJson item = node.empty() || rng.below(2) == 0 ? donated(donors, rng) : node[rng.below(node.size())];
      node.push_back(std::move(item));
    } else if (node.is_number()) {
      edit_number(node, rng);
    } else {
      node = donated(donors, rng);
    }
  }
  return value;
}

}  // namespace krige::fuzz

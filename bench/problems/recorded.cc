#include "bench/problems/recorded.h"

#include <cstdlib>
#include <fstream>
#include <iostream>
#include <iterator>
#include <nlohmann/json.hpp>

namespace krige::bench {
namespace {

using Table = std::map<std::string, Recorded, std::less<>>;

std::vector<double> flat(const OrderedJson& numbers) {
  std::vector<double> out;
  for (const OrderedJson& one : numbers) {
    if (one.is_array())
      for (const double x : one) out.push_back(x);
    else
      out.push_back(one.get<double>());
  }
  return out;
}

Recorded read_one(const OrderedJson& json) {
  Recorded out;
  out.optimum = json.at("optimum");
  out.noise = json.at("noise");
  out.random_median = flat(json.at("random_median"));
  for (const auto& [name, numbers] : json.at("constants").items()) out.vectors[name] = flat(numbers);
  for (const OrderedJson& check : json.at("check"))
    out.checks.push_back({tuner::params_from_json(check.at("params")).value(), check.at("value")});
  for (const auto& [peer, regrets] : json.at("peers").items()) out.peers[peer] = regrets.get<Regrets>();
  return out;
}

Table read_table() {
  try {
    std::ifstream file(KRIGE_BENCH_DEV_JSON);
    const std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
    const OrderedJson json = parse_json(text).value();
    Table table;
    for (const auto& [name, problem] : json.at("problems").items()) table[name] = read_one(problem);
    return table;
  } catch (const std::exception& e) {
    std::cerr << KRIGE_BENCH_DEV_JSON << ": " << e.what() << '\n';
    std::exit(1);
  }
}

}  // namespace

const Recorded* recorded(std::string_view problem) {
  static const Table table = read_table();
  const auto found = table.find(problem);
  return found == table.end() ? nullptr : &found->second;
}

}  // namespace krige::bench
